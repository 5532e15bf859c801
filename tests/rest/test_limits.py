"""Servers set up narrowly: what is refused when there is too much of it, and what is cut off when it is late."""

import socket
import threading
import time

import pytest
import servers
import wire

BASE = f"/v1/{servers.WAREHOUSE}"


class Narrow(servers.FileStore):
    """Local files, and a server with some of its options set."""

    def __init__(self, **options):
        super().__init__()
        self.options = options

    def server_env(self):
        return {f"FIRN_{name.upper()}": str(value) for name, value in self.options.items()}


@pytest.fixture
def narrow(request, contract):
    """A client of a server with the options that the test is marked with."""
    store = Narrow(**request.node.get_closest_marker("options").kwargs)
    server = servers.Firn(store)
    clients = []

    def connect():
        clients.append(wire.Client(server.uri.removeprefix("http://"), contract.check))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()
    server.stop()
    store.stop()


def ends_within(address, text, seconds):
    """True when the server ends a connection on which nothing follows this text."""
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=seconds) as connection:
        connection.sendall(text.encode())
        try:
            while connection.recv(4096):
                pass
        except TimeoutError:
            return False
    return True


@pytest.mark.options(lanes=1, queue=1)
def test_a_full_queue_sheds_without_effect(narrow):
    """429 with Retry-After; what was accepted is done, and nothing else."""
    client = narrow()
    client.post(f"{BASE}/namespaces", {"namespace": ["a"]})
    barrier, answers = threading.Barrier(32), []

    def create(i):
        mine = narrow()
        mine.connection.connect()
        barrier.wait()
        body = {"name": f"t{i}", "schema": wire.SCHEMA}
        answers.append((f"t{i}", mine.call("POST", f"{BASE}/namespaces/a/tables", body)))

    threads = [threading.Thread(target=create, args=(i,)) for i in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status for _, answer in answers} == {200, 429}
    for _, answer in answers:
        if answer.status == 429:
            assert answer.error["type"] == "TooManyRequestsException" and answer["Retry-After"].isdigit()
    tables = {item["name"] for item in client.get(f"{BASE}/namespaces/a/tables").json()["identifiers"]}
    assert tables == {name for name, answer in answers if answer.status == 200}


@pytest.mark.options(body_timeout="1s", head_timeout="1s", idle_timeout="1s")
def test_late_requests_are_cut_off(narrow):
    address = narrow().address
    head = f"POST {BASE}/namespaces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n"
    for text in ("", "GET /health", head, head + "\r\n{"):
        began = time.monotonic()
        assert ends_within(address, text, 20), text
        assert time.monotonic() - began >= 0.9, "cut off too early"


@pytest.mark.options(body_limit="64k")
def test_the_limit_of_bodies_can_be_set(narrow):
    client = narrow()
    client.post(f"{BASE}/namespaces", {"namespace": ["a"], "properties": {"k": "v" * 60000}})
    client.post(f"{BASE}/namespaces", {"namespace": ["b"], "properties": {"k": "v" * 70000}}, 413)


@pytest.mark.options(base_url="https://catalog.example/firn")
def test_pages_of_the_server_itself_are_known_by_its_url(narrow):
    def status(origin):
        return narrow().call("POST", f"{BASE}/namespaces", {"namespace": ["a"]}, {"Origin": origin}).status

    assert status("https://catalog.example") == 200
    assert [status(o) for o in ("https://catalog.example.evil", "https://catalog", "http://catalog.example")] == [403] * 3


@pytest.mark.options(lanes=1, queue=1)
def test_a_full_queue_sends_finished_answers_as_they_are(narrow):
    """What a lane would only compress isn't refused."""
    client = narrow()
    client.post(f"{BASE}/namespaces", {"namespace": ["a"]})
    properties = {f"{i}": "v" * 1000 for i in range(300)}
    client.post(f"{BASE}/namespaces/a/tables", {"name": "t", "schema": wire.SCHEMA, "properties": properties})
    table = f"{BASE}/namespaces/a/tables/t"
    assert client.get(table).status == 200
    stop, seen = threading.Event(), []

    def write(i):
        mine = narrow()
        while not stop.is_set():
            mine.call("POST", f"{BASE}/namespaces/a/properties", {"updates": {f"w{i}": "x"}})

    threads = [threading.Thread(target=write, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    try:
        for i in range(60):
            answer = client.call("GET", table, headers={"Accept-Encoding": "zstd"})
            seen.append((answer.status, answer["Content-Encoding"]))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert {status for status, _ in seen} == {200}, seen


@pytest.mark.options(base_url="https://catalog.example/firn", idempotency_lifetime="90m")
def test_what_config_tells_of_options(narrow):
    told = narrow().get("/v1/config").json()
    assert told["overrides"]["uri"] == "https://catalog.example/firn"
    assert told["idempotency-key-lifetime"] == "PT5400S"


@pytest.mark.options(connections=4, loops=1)
def test_connections_beyond_the_limit_wait_or_end(narrow):
    """They take nothing from those that are served."""
    client = narrow()
    client.get("/health/live")
    extra = [socket.create_connection(tuple(client.address.split(":"))) for _ in range(20)]
    client.get("/health/live")
    for connection in extra:
        connection.close()
    client.get("/health/live")
    narrow().get("/health/live")
