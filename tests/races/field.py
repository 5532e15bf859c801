"""What race and fault tests share: a server, workers that commit, and the invariants of a table.

A commit here is a snapshot with a fresh id; its manifest list is only a path inside the table. Each
worker keeps what it was told, so that at the end the catalog's own record can be held against it.
"""

import pathlib
import random
import sys
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "clients"), str(TESTS / "rest")]

import servers  # noqa: E402
import wire  # noqa: E402

BASE = f"/v1/{servers.WAREHOUSE}"
MANAGE = f"/management/v1/warehouses/{servers.WAREHOUSE}"
LOST = "the connection broke"


class Violation(Exception):
    """An invariant that doesn't hold."""


def must(holds, *words):
    if not holds:
        raise Violation(" ".join(str(word) for word in words))


def address_of(server):
    return server.uri.removeprefix("http://")


def local(uri):
    return pathlib.Path(urlsplit(uri).path)


def append(metadata, snapshot_id, properties=None):
    """Requirements and updates that put one snapshot onto main as it is in this metadata."""
    head = metadata.get("current-snapshot-id", -1)
    snapshot = {
        "snapshot-id": snapshot_id,
        "sequence-number": metadata["last-sequence-number"] + 1,
        "timestamp-ms": max(int(time.time() * 1000), metadata["last-updated-ms"]),
        "manifest-list": f"{metadata['location']}/metadata/snap-{snapshot_id}.avro",
        "summary": {"operation": "append"},
        "schema-id": 0,
    }
    if head not in (None, -1):
        snapshot["parent-snapshot-id"] = head
    requirement = {"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": None if head == -1 else head}
    updates = [
        {"action": "add-snapshot", "snapshot": snapshot},
        {"action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": snapshot_id},
    ]
    if properties:
        updates.append({"action": "set-properties", "updates": properties})
    return {"requirements": [requirement], "updates": updates}


class Worker(threading.Thread):
    """Runs `step` until told to stop; what goes wrong is kept for the main thread."""

    def __init__(self, server, number, stop, step):
        super().__init__(daemon=True)
        self.client = wire.Client(address_of(server))
        self.number, self.stop, self.step = number, stop, step
        self.random = random.Random(number)
        self.seen = Counter()
        self.problem = None

    def run(self):
        try:
            while not self.stop.is_set():
                self.step(self)
        except BaseException as problem:
            self.problem = problem
            self.stop.set()
        finally:
            self.client.close()

    def ask(self, method, path, body=None, headers=None):
        """The answer, or None when there is none: then nobody knows what became of it."""
        try:
            answer = self.client.call(method, path, body, headers)
        except (OSError, wire.http.client.HTTPException):
            self.seen[f"{method} {LOST}"] += 1
            return None
        self.seen[f"{method} {answer.status}"] += 1
        return answer

    def new_id(self):
        return self.random.getrandbits(40) << 16 | self.number << 8 | 1


def run_workers(server, steps, seconds, stop=None):
    """One worker per step, for that long; their counts together."""
    stop = stop or threading.Event()
    workers = [Worker(server, number, stop, step) for number, step in enumerate(steps)]
    for worker in workers:
        worker.start()
    stop.wait(seconds)
    stop.set()
    for worker in workers:
        worker.join(120)
        must(not worker.is_alive(), "a worker hangs:", worker.seen)
    for worker in workers:
        if worker.problem:
            raise worker.problem
    return sum((worker.seen for worker in workers), Counter())


# ---- invariants -----------------------------------------------------------------------------------


def table_path(namespace, name):
    return f"{BASE}/namespaces/{wire.levels(namespace)}/tables/{wire.pct(name)}"


def log_of(client, namespace, name):
    """All versions, oldest first."""
    commits, token = [], ""
    while token is not None:
        path = f"{MANAGE}/namespaces/{wire.levels(namespace)}/tables/{wire.pct(name)}/log?pageSize=1000"
        page = client.get(path + (f"&pageToken={token}" if token else "")).json()
        commits += page["commits"]
        token = page.get("next-page-token")
    return commits[::-1]


def check_log(name, log, metadata_location):
    """Versions without gap; each made from the one before; the pointer is at the last."""
    versions = [int(commit["version"]) for commit in log]
    must(versions == list(range(1, len(log) + 1)), name, "has versions", versions)
    for before, after in zip(log, log[1:]):
        must(
            after.get("old-metadata-location") == before["metadata-location"],
            f"{name}: version {after['version']} was made from {after.get('old-metadata-location')},",
            f"but version {before['version']} is {before['metadata-location']}",
        )
    must(log[-1]["metadata-location"] == metadata_location, name, "points beside its last version")
    locations = [commit["metadata-location"] for commit in log]
    must(len(set(locations)) == len(locations), name, "has two versions in one file")


def check_snapshots(name, log, metadata, acknowledged):
    """Snapshots follow one another in the log's order; what was acknowledged is there, once."""
    logged = [int(commit["snapshot-id"]) for commit in log if "snapshot-id" in commit]
    must(len(set(logged)) == len(logged), name, "logged a snapshot twice")
    lost = set(acknowledged) - set(logged)
    must(not lost, f"{name} lost {len(lost)} acknowledged snapshots: {sorted(lost)[:5]}")
    by_id = {snapshot["snapshot-id"]: snapshot for snapshot in metadata["snapshots"]}
    must(set(by_id) == set(logged), name, "shows other snapshots than were committed")
    parent = None
    for number, snapshot_id in enumerate(logged, 1):
        snapshot = by_id[snapshot_id]
        must(snapshot.get("parent-snapshot-id") == parent, name, "snapshot", snapshot_id, "has another parent")
        must(snapshot["sequence-number"] == number, name, "snapshot", snapshot_id, "has another sequence number")
        parent = snapshot_id
    must(metadata["last-sequence-number"] == len(logged), name, "counts other sequence numbers")
    must((metadata.get("current-snapshot-id", -1) or -1) == (parent or -1), name, "has another head")


def check_files(name, log, metadata):
    """Every version's file is there; the number of files that no version explains."""
    folder = local(metadata["location"]) / "metadata"
    there = {path.name for path in folder.iterdir()}
    wanted = {local(commit["metadata-location"]).name for commit in log}
    must(wanted <= there, f"{name}: files are missing: {sorted(wanted - there)[:5]}")
    return len(there - wanted)


def check_table(client, namespace, name, acknowledged):
    """All of it for one table. Returns (versions, files without a version)."""
    loaded = client.get(table_path(namespace, name)).json()
    log = log_of(client, namespace, name)
    check_log(name, log, loaded["metadata-location"])
    check_snapshots(name, log, loaded["metadata"], acknowledged)
    return log, check_files(name, log, loaded["metadata"])


def check_transactions(logs):
    """A transaction's commit id stands in the logs of all its tables, with the same snapshot."""
    snapshots = {}
    for log in logs:
        for commit in log:
            if "snapshot-id" in commit:
                snapshots.setdefault(commit["commit-id"], set()).add(commit["snapshot-id"])
    mixed = {commit: ids for commit, ids in snapshots.items() if len(ids) > 1}
    must(not mixed, "one commit id with several snapshots:", list(mixed.items())[:3])


class Field:
    """A server with its store, started for one program and ended with it."""

    def __enter__(self):
        self.store = servers.FileStore()
        try:
            self.server = servers.Firn(self.store)
        except BaseException:
            self.store.stop()
            raise
        return self

    def __exit__(self, kind, problem, trace):
        try:
            if kind:
                print(self.server.log()[-4000:], file=sys.stderr)
            self.server.stop()
        finally:
            self.store.stop()

    def client(self):
        return wire.Client(address_of(self.server))

    def make_tables(self, namespace, names):
        client = self.client()
        client.post(f"{BASE}/namespaces", {"namespace": [namespace]})
        for name in names:
            client.post(f"{BASE}/namespaces/{namespace}/tables", {"name": name, "schema": wire.SCHEMA})
        client.close()


def tell(title, counts, **more):
    words = [f"{key} {value}" for key, value in {**more, **dict(sorted(counts.items()))}.items()]
    print(f"{title}: {', '.join(words)}", flush=True)
