#!/usr/bin/env python3
"""Committers that get into each other's way: one winner per version, nothing lost, nothing left over.

Each part runs 16 committers for a while and then holds the commit log, the metadata and the folder of
every table against what the committers were told. Prints what it counted.
"""

import argparse
import threading
import time
from collections import Counter, defaultdict

import field
from field import BASE, Field, must

COMMITTERS = 16
EXPECTED = {200, 204, 409}


def judge(answer, winner):
    """Only wins and lost races: never a 5xx, never a lost connection."""
    must(answer is not None, "an answer didn't come")
    must(answer.status in EXPECTED, "unexpected answer:", answer)
    if answer.status == 409:
        must(answer.error["type"] == "CommitFailedException", answer)
    return answer.status == winner


class Acknowledged:
    """Snapshots that were acknowledged, per table, and from which head each was made."""

    def __init__(self):
        self.lock = threading.Lock()
        self.snapshots = defaultdict(set)
        self.winners = Counter()

    def add(self, table, snapshot_id, head):
        with self.lock:
            self.snapshots[table].add(snapshot_id)
            self.winners[table, head] += 1

    def check(self):
        double = [key for key, n in self.winners.items() if n > 1]
        must(not double, "two winners over one version:", double[:3])


def one_table(where, seconds):
    """All append to one table, each onto the head that it saw."""
    where.make_tables("one", ["t"])
    path, told = field.table_path("one", "t"), Acknowledged()

    def step(worker):
        metadata = worker.client.get(path).json()["metadata"]
        snapshot_id = worker.new_id()
        answer = worker.ask("POST", path, field.append(metadata, snapshot_id))
        if judge(answer, 200):
            must(answer.json()["metadata"]["current-snapshot-id"] == snapshot_id, "won, but shown another head")
            told.add("t", snapshot_id, metadata.get("current-snapshot-id"))

    counts = field.run_workers(where.server, [step] * COMMITTERS, seconds)
    told.check()
    client = where.client()
    log, left = field.check_table(client, "one", "t", told.snapshots["t"])
    must(left == 0, left, "files belong to no version")
    must(len(log) == 1 + counts["POST 200"], "versions and acknowledgements differ")
    field.tell("one table", counts, versions=len(log), left=left)


def lost_updates(where, seconds):
    """Without requirements the server tries again by itself: each one's last word stays."""
    where.make_tables("words", ["t"])
    path, last = field.table_path("words", "t"), {}

    def step(worker):
        word = str(int(last.get(worker.number, "0")) + 1)
        update = {"action": "set-properties", "updates": {f"k{worker.number}": word}}
        if judge(worker.ask("POST", path, {"requirements": [], "updates": [update]}), 200):
            last[worker.number] = word

    counts = field.run_workers(where.server, [step] * COMMITTERS, seconds)
    client = where.client()
    loaded = client.get(path).json()
    for number, word in last.items():
        found = loaded["metadata"]["properties"][f"k{number}"]
        must(found == word, f"committer {number} was told {word}, the table says {found}")
    log, left = field.check_table(client, "words", "t", ())
    must(left == 0, left, "files belong to no version")
    must(len(log) == 1 + counts["POST 200"], "versions and acknowledgements differ")
    field.tell("lost updates", counts, versions=len(log), left=left)


def transactions(where, seconds):
    """Transactions over some of six tables, beside single commits and readers."""
    names = [f"t{i}" for i in range(6)]
    where.make_tables("many", names)
    told, refused = Acknowledged(), set()

    def commit(worker, chosen):
        snapshot_id, changes, heads = worker.new_id(), [], {}
        for name in chosen:
            metadata = worker.client.get(field.table_path("many", name)).json()["metadata"]
            heads[name] = metadata.get("current-snapshot-id")
            identifier = {"namespace": ["many"], "name": name}
            changes.append({"identifier": identifier, **field.append(metadata, snapshot_id)})
        if len(chosen) == 1:
            won = judge(worker.ask("POST", field.table_path("many", chosen[0]), changes[0]), 200)
        else:
            won = judge(worker.ask("POST", f"{BASE}/transactions/commit", {"table-changes": changes}), 204)
        for name in chosen if won else ():
            told.add(name, snapshot_id, heads[name])
        if not won:
            refused.add(str(snapshot_id))

    def step(worker):
        commit(worker, worker.random.sample(names, worker.random.choice([1, 2, 2, 3, 4])))

    def read(worker):
        """What a reader sees never goes back."""
        seen = worker.__dict__.setdefault("heights", {})
        name = worker.random.choice(names)
        height = worker.client.get(field.table_path("many", name)).json()["metadata"]["last-sequence-number"]
        must(height >= seen.get(name, 0), name, "went back for a reader")
        seen[name] = height

    counts = field.run_workers(where.server, [step] * COMMITTERS + [read] * 2, seconds)
    told.check()
    client, logs, left = where.client(), [], 0
    for name in names:
        log, files = field.check_table(client, "many", name, told.snapshots[name])
        logs.append(log)
        left += files
        logged = {commit["snapshot-id"] for commit in log if "snapshot-id" in commit}
        must(not logged & refused, name, "holds a snapshot whose transaction was refused")
        must(logged == {str(s) for s in told.snapshots[name]}, name, "holds what nobody was told")
    field.check_transactions(logs)
    must(left == 0, left, "files belong to no version")
    field.tell("transactions", counts, versions=sum(map(len, logs)), left=left)


def names(where, seconds):
    """Creating, renaming and dropping under the same few names: each name has at most one table."""
    where.make_tables("few", [])
    here = f"{BASE}/namespaces/few/tables"
    expected = {200, 204, 404, 409}

    def step(worker):
        one, two = (f"n{worker.random.randrange(4)}" for _ in range(2))
        kind = worker.random.randrange(4)
        if kind < 2:
            answer = worker.ask("POST", here, {"name": one, "schema": field.wire.SCHEMA})
        elif kind == 2:
            names = [{"namespace": ["few"], "name": name} for name in (one, two)]
            answer = worker.ask("POST", f"{BASE}/tables/rename", dict(zip(("source", "destination"), names)))
        else:
            answer = worker.ask("DELETE", f"{here}/{one}")
        must(answer is not None and answer.status in expected, "unexpected answer:", answer)

    counts = field.run_workers(where.server, [step] * COMMITTERS, seconds)
    client = where.client()
    listed = [item["name"] for item in client.get(here).json()["identifiers"]]
    must(len(set(listed)) == len(listed), "a name is listed twice:", listed)
    for name in listed:
        field.check_table(client, "few", name, ())
    field.tell("names", counts, tables=len(listed))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=8, help="for each part")
    arguments = parser.parse_args()
    began = time.monotonic()
    with Field() as where:
        for part in (one_table, lost_updates, transactions, names):
            part(where, arguments.seconds)
    print(f"{COMMITTERS} committers: every invariant held, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
