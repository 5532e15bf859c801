"""Servers of their own: what an empty catalog says, and what outlives the process."""

import pathlib
from urllib.parse import urlsplit

import pytest
import servers
import wire


@pytest.fixture
def own(store_of_its_own):
    started = servers.Firn(store_of_its_own)
    yield started
    started.stop()


@pytest.fixture
def store_of_its_own():
    started = servers.FileStore()
    yield started
    started.stop()


@pytest.fixture
def talk(own, contract):
    """Makes clients of the server as it runs now."""
    clients = []

    def connect():
        clients.append(wire.Client(own.uri.removeprefix("http://"), contract.check))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def restart(own):
    own.end()
    own.start()


def test_the_only_warehouse_needs_no_name(talk):
    assert talk().get("/v1/config").json()["overrides"]["prefix"] == servers.WAREHOUSE


def test_a_restart_changes_nothing(own, talk):
    client, base = talk(), f"/v1/{servers.WAREHOUSE}"
    client.post(f"{base}/namespaces", {"namespace": ["a"]})
    create = {"name": "t", "schema": wire.SCHEMA}
    key = {"Idempotency-Key": wire.new_key()}
    made = client.post(f"{base}/namespaces/a/tables", create, headers=key)
    for name in "bcd":
        client.post(f"{base}/namespaces", {"namespace": [name]})
    token = client.get(f"{base}/namespaces?pageSize=2").json()["next-page-token"]
    staged = client.post(f"{base}/namespaces/a/tables", {**create, "name": "s", "stage-create": True}).json()
    before = client.get("/management/v1/events?limit=1000").json()["events"]
    restart(own)

    client = talk()
    loaded = client.get(f"{base}/namespaces/a/tables/t")
    assert loaded["ETag"] == made["ETag"] and loaded.body == made.body
    client.get(f"{base}/namespaces/a/tables/t", 304, **{"If-None-Match": made["ETag"]})
    assert client.post(f"{base}/namespaces/a/tables", create, headers=key).body == made.body
    assert client.get(f"{base}/namespaces?pageSize=2&pageToken={token}").json()["namespaces"] == [["c"], ["d"]]
    events = client.get("/management/v1/events?limit=1000").json()["events"]
    assert events[: len(before)] == before
    place = staged["metadata"]["location"]
    client.post(f"{base}/namespaces/a/tables", {**create, "name": "u", "location": place}, 409)


def test_versions_whose_file_is_gone(own, talk):
    """Said by undo, diff and load, by name; the log still tells of them."""
    client, base = talk(), f"/v1/{servers.WAREHOUSE}"
    manage = f"/management/v1/warehouses/{servers.WAREHOUSE}/namespaces/a/tables/t"
    client.post(f"{base}/namespaces", {"namespace": ["a"]})
    made = client.post(f"{base}/namespaces/a/tables", {"name": "t", "schema": wire.SCHEMA}).json()
    update = {"requirements": [], "updates": [{"action": "set-properties", "updates": {"k": "v"}}]}
    second = client.post(f"{base}/namespaces/a/tables/t", update).json()
    pathlib.Path(urlsplit(made["metadata-location"]).path).unlink()
    restart(own)  # nothing is cached

    client = talk()
    error = client.post(f"{manage}/undo", {"to-version": "1"}, 404).error
    assert error["type"] == "NotFoundException" and "gone" in error["message"]
    assert "gone" in client.get(f"{manage}/diff", 404).error["message"]
    assert [c["version"] for c in client.get(f"{manage}/log").json()["commits"]] == ["2", "1"]
    client.get(f"{base}/namespaces/a/tables/t")

    pathlib.Path(urlsplit(second["metadata-location"]).path).write_text("{}")
    restart(own)
    client = talk()
    error = client.call("GET", f"{base}/namespaces/a/tables/t").error
    assert error["code"] == 500 and "table 't' is not the one that was committed" in error["message"]


def test_requests_in_flight_are_answered_before_the_end(own, talk):
    """TERM: what was sent is answered, then the connection closes."""
    client, base = talk(), f"/v1/{servers.WAREHOUSE}"
    client.post(f"{base}/namespaces", {"namespace": ["a"]})
    senders = [talk() for _ in range(8)]
    for sender in senders:
        sender.get("/health/live")
    for i, sender in enumerate(senders):
        sender.send("POST", f"{base}/namespaces/a/tables", {"name": f"t{i}", "schema": wire.SCHEMA})
    own.end()
    made = 0
    for sender in senders:
        try:
            answer = sender.receive("POST", f"{base}/namespaces/a/tables")
        except (ConnectionError, wire.http.client.HTTPException):
            continue  # not yet read when the server stopped listening
        assert answer.status == 200, answer
        made += 1
    own.start()
    tables = talk().get(f"{base}/namespaces/a/tables").json()["identifiers"]
    assert len(tables) >= made > 0
