"""Keys in flight: whoever comes second waits and gets the first one's answer."""

import threading

import pytest
import wire


def together(connect, calls):
    """Answers of calls made at the same time, each on a connection of its own."""
    barrier, answers = threading.Barrier(len(calls)), [None] * len(calls)

    def run(i, client):
        client.connection.connect()
        barrier.wait()
        answers[i] = client.call(*calls[i])

    threads = [threading.Thread(target=run, args=(i, connect())) for i in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.parametrize("round", range(5))
def test_create_in_flight(connect, warehouse, round):
    ns = warehouse.namespace("a")
    key = {"Idempotency-Key": wire.new_key()}
    call = ("POST", f"{ns}/tables", {"name": "t", "schema": wire.SCHEMA}, key)
    answers = together(connect, [call] * 8)
    assert {a.status for a in answers} == {200}, answers
    assert len({a.body for a in answers}) == 1
    assert len({a["ETag"] for a in answers}) == 1
    assert len(list(warehouse.folder.rglob("*.metadata.json"))) == 1


@pytest.mark.parametrize("round", range(5))
def test_commit_in_flight(connect, warehouse, round):
    table, _ = warehouse.table(warehouse.namespace("a"), "t")
    body = {"requirements": [], "updates": [{"action": "set-properties", "updates": {"k": "v"}}]}
    answers = together(connect, [("POST", table, body, {"Idempotency-Key": wire.new_key()})] * 8)
    assert {a.status for a in answers} == {200}, answers
    assert len({a.json()["metadata-location"] for a in answers}) == 1
    log = warehouse.client.get(f"{warehouse.manage}/namespaces/a/tables/t/log").json()["commits"]
    assert [c["version"] for c in log] == ["2", "1"]


@pytest.mark.parametrize("round", range(5))
def test_refusal_in_flight(connect, warehouse, round):
    warehouse.namespace("a")
    key = {"Idempotency-Key": wire.new_key()}
    answers = together(connect, [("POST", f"{warehouse.base}/namespaces", {"namespace": ["a"]}, key)] * 8)
    assert {a.status for a in answers} == {409}
    assert len({a.error["message"] for a in answers}) == 1


@pytest.mark.parametrize("round", range(5))
def test_other_request_in_flight(connect, warehouse, round):
    key = {"Idempotency-Key": wire.new_key()}
    calls = [("POST", f"{warehouse.base}/namespaces", {"namespace": [f"n{i}"]}, key) for i in range(8)]
    answers = together(connect, calls)
    assert sorted(a.status for a in answers) == [200] + [422] * 7
    assert len(warehouse.client.get(f"{warehouse.base}/namespaces").json()["namespaces"]) == 1


def test_without_keys_only_one_creates(connect, warehouse):
    ns = warehouse.namespace("a")
    answers = together(connect, [("POST", f"{ns}/tables", {"name": "t", "schema": wire.SCHEMA})] * 8)
    assert sorted(a.status for a in answers) == [200] + [409] * 7
    assert {a.error["type"] for a in answers if a.status == 409} == {"AlreadyExistsException"}
    assert len(list(warehouse.folder.rglob("*.metadata.json"))) == 1


def test_overlapping_locations_in_flight(connect, warehouse):
    """Of /p, /p/x and /p/x/y at the same time at most compatible ones are made."""
    ns = warehouse.namespace("a")
    places = ["p", "p/x", "p/x/y", "p/z", "p/x/y/w"]
    calls = [
        ("POST", f"{ns}/tables", {"name": f"t{i}", "schema": wire.SCHEMA, "location": f"{warehouse.location}/{place}"})
        for i, place in enumerate(places * 2)
    ]
    made = [a.json()["metadata"]["location"] + "/" for a in together(connect, calls) if a.status == 200]
    assert made
    for one in made:
        assert [other for other in made if other.startswith(one)] == [one]


def test_keys_are_case_insensitive_uuids(warehouse):
    key = wire.new_key()
    path, body = f"{warehouse.base}/namespaces", {"namespace": ["a"]}
    first = warehouse.client.post(path, body, headers={"Idempotency-Key": key.upper()})
    second = warehouse.client.post(path, body, headers={"Idempotency-Key": key})
    assert first.body == second.body


def test_a_dropped_client_still_has_its_answer(connect, warehouse):
    """The client goes away after sending; asking again gives what was done, once."""
    ns = warehouse.namespace("a")
    key = {"Idempotency-Key": wire.new_key()}
    for _ in range(5):
        gone = connect()
        gone.send("POST", f"{ns}/tables", {"name": "t", "schema": wire.SCHEMA}, key)
        gone.close()
    answer = warehouse.client.post(f"{ns}/tables", {"name": "t", "schema": wire.SCHEMA}, 200, key)
    assert warehouse.client.get(f"{ns}/tables/t").json()["metadata-location"] == answer.json()["metadata-location"]
    assert len(list(warehouse.folder.rglob("*.metadata.json"))) == 1
