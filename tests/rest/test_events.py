"""Events: numbered without gaps, in order, by cursor and as a stream that can be taken up again."""

import json
import socket
import threading
import time

import pytest
import wire

SECONDS = 20


def wait_for(client, path, enough):
    """The events of a warehouse once there are enough: they are numbered a moment after their commit."""
    end = time.monotonic() + SECONDS
    while True:
        answer = client.get(path).json()
        if enough(answer["events"]):
            return answer
        assert time.monotonic() < end, answer
        threading.Event().wait(0.05)


class Stream:
    """Server-sent events of one connection."""

    def __init__(self, address, path, headers=""):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=SECONDS)
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n".encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while line := self.file.readline().strip():
            name, _, value = line.decode().partition(": ")
            self.headers[name.lower()] = value

    def answer(self, path):
        return wire.Answer("GET", path, self.status, self.headers, b"")

    def lines(self):
        """Lines of the body, out of its chunks."""
        rest = b""
        while True:
            size = int(self.file.readline(), 16)
            if size == 0:
                return
            rest += self.file.read(size)
            self.file.readline()
            *whole, rest = rest.split(b"\n")
            yield from (line.decode() for line in whole)

    def events(self, n):
        found, event = [], {}
        for line in self.lines():
            if line.startswith(":"):
                continue
            if line == "":
                if event:
                    found.append((event["id"], event["event"], json.loads(event["data"])))
                event = {}
                if len(found) == n:
                    return found
                continue
            name, _, value = line.partition(": ")
            event[name] = value
        raise AssertionError(f"the stream ended after {found}")

    def close(self):
        self.file.close()
        self.socket.close()


@pytest.fixture
def busy(warehouse):
    """A warehouse in which each kind of thing happened; the path of its events."""
    client = warehouse.client
    ns = warehouse.namespace("a")
    table, _ = warehouse.table(ns, "t")
    client.post(table, {"requirements": [], "updates": [{"action": "set-properties", "updates": {"k": "v"}}]})
    here, there = {"namespace": ["a"], "name": "t"}, {"namespace": ["a"], "name": "u"}
    client.post(f"{warehouse.base}/tables/rename", {"source": here, "destination": there}, 204)
    client.delete(f"{ns}/tables/u")
    warehouse.view(ns, "v")
    client.delete(f"{ns}/views/v")
    client.delete(ns)
    return f"/management/v1/events?warehouse={warehouse.name}"


KINDS = [
    "warehouse.created",
    "namespace.created",
    "table.created",
    "table.committed",
    "table.renamed",
    "table.dropped",
    "view.created",
    "view.dropped",
    "namespace.dropped",
]


def test_list(client, warehouse, busy):
    answer = wait_for(client, busy, lambda events: len(events) >= len(KINDS))
    events = answer["events"]
    assert [e["kind"] for e in events] == KINDS
    numbers = [int(e["number"]) for e in events]
    assert numbers == sorted(set(numbers)) and int(answer["last"]) >= numbers[-1]
    for event in events:
        assert event["warehouse"] == warehouse.name and event["principal"] and event["request-id"] and event["at"]
    table = [e for e in events if e["kind"].startswith("table.")]
    assert [e["version"] for e in table[:2]] == ["1", "2"]
    assert table[0]["namespace"] == ["a"] and table[0]["name"] == "t"
    log = [e["commit-id"] for e in events]
    assert len(set(log)) == len(log)


def test_cursor(client, busy):
    events = wait_for(client, busy, lambda events: len(events) >= len(KINDS))["events"]
    cursor, found = "0", []
    while True:
        answer = client.get(f"{busy}&after={cursor}&limit=2").json()
        if not answer["events"]:
            break
        assert len(answer["events"]) <= 2 and int(answer["last"]) > int(cursor)
        found += answer["events"]
        cursor = answer["last"]
    assert found == events


def test_numbers_have_no_gaps(client, busy):
    wait_for(client, busy, lambda events: len(events) >= len(KINDS))
    numbers, cursor = [], "0"
    while answer := client.get(f"/management/v1/events?after={cursor}&limit=1000").json():
        if not answer["events"]:
            break
        numbers += [int(e["number"]) for e in answer["events"]]
        cursor = answer["last"]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_stream(client, contract, address, busy, warehouse):
    events = wait_for(client, busy, lambda events: len(events) >= len(KINDS))["events"]
    path = f"/management/v1/events/stream?after=0&warehouse={warehouse.name}"
    stream = Stream(address, path)
    contract.check(stream.answer(path))
    assert stream.status == 200 and stream.headers["content-type"] == "text/event-stream"
    assert stream.headers["cache-control"] == "no-store" and "x-request-id" in stream.headers
    found = stream.events(len(KINDS))
    assert [data for _, _, data in found] == events
    assert [number for number, _, _ in found] == [e["number"] for e in events]
    assert [kind for _, kind, _ in found] == KINDS
    stream.close()


def test_stream_is_taken_up_again(client, address, busy, warehouse):
    events = wait_for(client, busy, lambda events: len(events) >= len(KINDS))["events"]
    path = f"/management/v1/events/stream?after=0&warehouse={warehouse.name}"
    stream = Stream(address, path, f"Last-Event-ID: {events[4]['number']}\r\n")
    assert [data for _, _, data in stream.events(len(KINDS) - 5)] == events[5:]
    stream.close()


def test_stream_goes_on(client, address, busy, warehouse):
    """What happens while the stream is open arrives, its head at once."""
    events = wait_for(client, busy, lambda events: len(events) >= len(KINDS))["events"]
    path = f"/management/v1/events/stream?after={events[-1]['number']}&warehouse={warehouse.name}"
    streams = [Stream(address, path) for _ in range(3)]
    ns = warehouse.namespace("later")
    warehouse.table(ns, "t")
    for stream in streams:
        found = stream.events(2)
        assert [kind for _, kind, _ in found] == ["namespace.created", "table.created"]
        stream.close()


def test_followers_that_go_away(client, address, warehouse):
    for _ in range(50):
        Stream(address, "/management/v1/events/stream?after=0").close()
    warehouse.namespace("a")
    path = f"/management/v1/events?warehouse={warehouse.name}"
    wait_for(client, path, lambda events: [e["kind"] for e in events] == KINDS[:2])
    client.get("/health/live")


def test_large_events_are_told_by_their_size(client, address, warehouse):
    """They stand in no reader's way."""
    ns = warehouse.namespace("a")
    client.post(f"{ns}/properties", {"updates": {f"{i}": "v" * 10000 for i in range(60)}})
    client.post(f"{ns}/properties", {"removals": [f"{'k' * 1000}{i}" for i in range(100)]})
    path = f"/management/v1/events?warehouse={warehouse.name}"
    events = wait_for(client, path, lambda events: len(events) == 4)["events"]
    assert [set(e["detail"]) for e in events[2:]] == [{"updated", "removed", "missing"}, {"omitted-bytes"}]
    stream = Stream(address, f"/management/v1/events/stream?after=0&warehouse={warehouse.name}")
    assert [data for _, _, data in stream.events(4)] == events
    stream.close()


def test_stream_of_an_unknown_warehouse(client):
    assert client.get("/management/v1/events/stream?warehouse=nowhere", 404).error["type"] == "NoSuchWarehouseException"


def test_one_commit_id_per_transaction(client, warehouse):
    ns = warehouse.namespace("a")
    for name in "tu":
        warehouse.table(ns, name)
    update = {"requirements": [], "updates": [{"action": "set-properties", "updates": {"k": "v"}}]}
    changes = [{"identifier": {"namespace": ["a"], "name": name}, **update} for name in "tu"]
    client.post(f"{warehouse.base}/transactions/commit", {"table-changes": changes}, 204)
    path = f"/management/v1/events?warehouse={warehouse.name}"
    events = wait_for(client, path, lambda events: len(events) == 6)["events"]
    assert [e["kind"] for e in events[-2:]] == ["table.committed"] * 2
    assert events[-1]["commit-id"] == events[-2]["commit-id"]
    log = client.get(f"{warehouse.manage}/namespaces/a/tables/t/log").json()["commits"]
    assert log[0]["commit-id"] == events[-1]["commit-id"]
