"""A table with many snapshots: loads of all and of those that refs name, and commits."""

import json
import statistics
import time
import uuid

from commit import bare_commit_rate, commit_rate
from load import Load, median
from place import TABLES


def snapshot(number, at_ms, location):
    shown = {
        "snapshot-id": 10**15 + number,
        "sequence-number": number,
        "timestamp-ms": at_ms + number,
        "manifest-list": f"{location}/metadata/snap-{10**15 + number}-1-{uuid.UUID(int=number)}.avro",
        "schema-id": 0,
        "summary": {
            "operation": "append",
            "added-data-files": "1",
            "added-records": "1000",
            "added-files-size": "123456",
            "total-records": str(1000 * number),
            "total-data-files": str(number),
            "total-delete-files": "0",
        },
    }
    if number > 1:
        shown["parent-snapshot-id"] = 10**15 + number - 1
    return shown


def metadata(location, n):
    """A table whose snapshots lie in the last hours."""
    at_ms = int(time.time() * 1000) - n - 1000
    shots = [snapshot(number, at_ms, location) for number in range(1, n + 1)]
    current = shots[-1]["snapshot-id"]
    return {
        "format-version": 2,
        "table-uuid": str(uuid.uuid4()),
        "location": location,
        "last-sequence-number": n,
        "last-updated-ms": at_ms + n,
        "last-column-id": 1,
        "current-schema-id": 0,
        "schemas": [
            {"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "id", "type": "long", "required": False}]}
        ],
        "default-spec-id": 0,
        "partition-specs": [{"spec-id": 0, "fields": []}],
        "last-partition-id": 999,
        "default-sort-order-id": 0,
        "sort-orders": [{"order-id": 0, "fields": []}],
        "properties": {},
        "current-snapshot-id": current,
        "refs": {"main": {"snapshot-id": current, "type": "branch"}},
        "snapshots": shots,
        "snapshot-log": [{"snapshot-id": s["snapshot-id"], "timestamp-ms": s["timestamp-ms"]} for s in shots],
        "metadata-log": [],
    }


def register(place, name, n):
    folder = place.folder / "warehouse" / "bench" / name
    (folder / "metadata").mkdir(parents=True)
    file = folder / "metadata" / f"00000-{uuid.uuid4()}.metadata.json"
    text = json.dumps(metadata(f"file://{folder}", n), separators=(",", ":"))
    file.write_text(text)
    place.api.call("POST", "/v1/demo/namespaces/bench/register", {"name": name, "metadata-location": f"file://{file}"})
    return len(text)


def loads(place, options, path, *headers):
    return [Load(place.firn, path, 8, options.seconds, headers) for _ in range(options.rounds)]


def bench_snapshots(place, options):
    n_bytes = register(place, "many", 10000)
    small = loads(place, options, f"{TABLES}/small?snapshots=refs")
    refs = loads(place, options, f"{TABLES}/many?snapshots=refs")
    everything = loads(place, options, f"{TABLES}/many")
    packed = loads(place, options, f"{TABLES}/many", "Accept-Encoding: gzip")
    packed_refs = loads(place, options, f"{TABLES}/many?snapshots=refs", "Accept-Encoding: gzip")
    packed_small = loads(place, options, f"{TABLES}/small?snapshots=refs", "Accept-Encoding: gzip")
    yield "10,000 snapshots, refs, CPU, small table's", median(refs, "cpu"), "µs", median(small, "cpu")
    yield "the same as gzip", median(packed_refs, "cpu"), "µs", median(packed_small, "cpu")
    yield "10,000 snapshots, all", median(everything, "rate"), "1/s", None
    yield "10,000 snapshots, all, bytes per core", n_bytes / median(everything, "cpu") / 1000, "GB/s", None
    yield "10,000 snapshots, all as gzip", median(packed, "rate"), "1/s", None
    ours, bare = [], []
    for _ in range(options.rounds):
        bare.append(bare_commit_rate(place, n_bytes, 1, options.seconds))
        ours.append(commit_rate(place.firn.port, [f"{TABLES}/many"], options.seconds))
    yield "10,000 snapshots, commit, 1 writer, time", 1e3 / statistics.median(ours), "ms", 1e3 / statistics.median(bare)
