#!/usr/bin/env python3
"""kill -9 under load, again and again: what was acknowledged is there, what was refused is not.

Each round runs committers, kills something in their midst, brings back what is down and holds every
table, its log and its folder against what the committers were told. Whoever was told nothing asks again
under the same Idempotency-Key and then must be told, and the change made at most once. What is killed,
in turn: firn (the next run adopts its PostgreSQL), both, a backend of PostgreSQL (which makes it recover
while firn stays up), and PostgreSQL alone.
"""

import argparse
import os
import pathlib
import random
import signal
import threading
import time
from collections import Counter

import field
from field import BASE, Field, must

TABLES = [f"t{number}" for number in range(5)]
COMMITTERS = 10
NAMESPACE = "kill"
UP_AGAIN_SECONDS = 60


class Change:
    """One commit or transaction under a key, and what is known of it."""

    def __init__(self, tables, snapshot_id, path, body):
        self.tables, self.snapshot_id, self.path, self.body = tables, snapshot_id, path, body
        self.key = field.wire.new_key()
        self.done = None  # True: acknowledged; False: refused; None: nobody knows

    def ask(self, client):
        answer = client.call("POST", self.path, self.body, {"Idempotency-Key": self.key})
        self.hear(answer)
        return answer

    def hear(self, answer):
        if answer.status in (200, 204):
            self.done = True
        elif answer.status in (409, 429, 503):
            self.done = False
        else:  # 500 is for an outcome that can't be known, and for nothing else
            must(answer.status == 500 and answer.error["type"] == "CommitStateUnknownException", answer)


class Told:
    """All changes that were asked for, and all tables that were to be created."""

    def __init__(self):
        self.lock = threading.Lock()
        self.changes = []
        self.created = {}  # name → True: acknowledged; None: nobody knows

    def commit(self, worker):
        chosen = worker.random.sample(TABLES, worker.random.choice([1, 1, 2, 3]))
        snapshot_id, parts = random.getrandbits(56), []
        for name in chosen:
            loaded = worker.ask("GET", field.table_path(NAMESPACE, name))
            if loaded is None or loaded.status != 200:
                time.sleep(0.02)  # down: don't spin
                return
            identifier = {"namespace": [NAMESPACE], "name": name}
            parts.append({"identifier": identifier, **field.append(loaded.json()["metadata"], snapshot_id)})
        if len(chosen) == 1:
            change = Change(chosen, snapshot_id, field.table_path(NAMESPACE, chosen[0]), parts[0])
        else:
            change = Change(chosen, snapshot_id, f"{BASE}/transactions/commit", {"table-changes": parts})
        with self.lock:
            self.changes.append(change)
        answer = worker.ask("POST", change.path, change.body, {"Idempotency-Key": change.key})
        if answer:
            change.hear(answer)

    def create(self, worker):
        name = f"c{random.getrandbits(56):x}"
        with self.lock:
            self.created[name] = None
        body = {"name": name, "schema": field.wire.SCHEMA}
        answer = worker.ask("POST", f"{BASE}/namespaces/{NAMESPACE}/tables", body)
        if answer is None:
            time.sleep(0.02)
        elif answer.status == 200:
            self.created[name] = True

    def step(self, worker):
        (self.create if worker.random.random() < 0.1 else self.commit)(worker)


# ---- what is killed ------------------------------------------------------------------------------


def postmaster_of(server):
    return int((server.folder / "data" / "postgres" / "postmaster.pid").read_text().split("\n")[0])


def backends_of(server):
    """Processes that serve firn's connections, not the postmaster's own."""
    parent = postmaster_of(server)
    children = pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    titles = {int(pid): pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
    return [pid for pid, title in titles.items() if title.startswith(b"postgres: firn ")]


def wait_for_end(pid):
    end = time.monotonic() + UP_AGAIN_SECONDS
    while pathlib.Path(f"/proc/{pid}/stat").exists():
        if pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return
        must(time.monotonic() < end, "process", pid, "doesn't end")
        threading.Event().wait(0.01)


def kill_firn(server):
    server.kill()
    server.start()


def kill_both(server):
    os.kill(postmaster_of(server), signal.SIGKILL)
    server.kill()
    server.start()


def kill_backend(server):
    """PostgreSQL ends all its connections and recovers; firn must find its way back by itself."""
    os.kill(random.choice(backends_of(server)), signal.SIGKILL)


def kill_postgres(server):
    """firn outlives it, says that it isn't ready, and ends when told to."""
    postmaster = postmaster_of(server)
    os.kill(postmaster, signal.SIGKILL)
    wait_for_end(postmaster)
    server.end()
    server.start()


KILLS = [kill_firn, kill_both, kill_backend, kill_postgres]


def wait_until_ready(where):
    end = time.monotonic() + UP_AGAIN_SECONDS
    while True:
        client = where.client()
        try:
            if client.call("GET", "/health/ready").status == 200 and client.call("GET", BASE + "/namespaces").status == 200:
                return client
        except OSError:
            pass
        client.close()
        must(time.monotonic() < end, f"not serving again after {UP_AGAIN_SECONDS} s")
        threading.Event().wait(0.05)


# ---- what must hold ------------------------------------------------------------------------------


def settle(client, told):
    """Whoever doesn't know asks again. Returns how many had to."""
    unknown = [change for change in told.changes if change.done is None]
    for change in unknown:
        must(change.ask(client).status != 500, "asked again, and still nobody knows:", change.key)
    for name, done in told.created.items():
        if done is None:
            answer = client.call("POST", f"{BASE}/namespaces/{NAMESPACE}/tables", {"name": name, "schema": field.wire.SCHEMA})
            must(answer.status in (200, 409), "a name that may have been lost can't be taken:", answer)
            told.created[name] = True
    return sum(len(change.tables) for change in unknown)


def check_changes(told, logged):
    """Acknowledged: in the logs of all tables; refused: in none."""
    for change in told.changes:
        held = [change.snapshot_id in logged[name] for name in change.tables]
        must(all(held) if change.done else not any(held), "told", change.done, "but in the logs", held, change.tables)


def check(where, told, excused):
    client = wait_until_ready(where)
    excused += settle(client, told)
    logs, logged, left = [], {}, 0
    for name in TABLES:
        acknowledged = [c.snapshot_id for c in told.changes if c.done and name in c.tables]
        log, files = field.check_table(client, NAMESPACE, name, acknowledged)
        logs.append(log)
        logged[name] = {int(commit["snapshot-id"]) for commit in log if "snapshot-id" in commit}
        left += files
    check_changes(told, logged)
    field.check_transactions(logs)
    for name in told.created:
        field.check_table(client, NAMESPACE, name, ())
    must(left <= excused, left, "files without a version, but only", excused, "commits were cut off")
    client.close()
    return excused, left, sum(map(len, logs))


def one_round(where, told, kill, seconds):
    stop, problems = threading.Event(), []

    def run():
        time.sleep(random.uniform(0.2, seconds))
        try:
            kill(where.server)
        except BaseException as problem:
            problems.append(problem)
            stop.set()

    killer = threading.Thread(target=run)
    killer.start()
    counts = field.run_workers(where.server, [told.step] * COMMITTERS, seconds + 1, stop)
    killer.join()
    for problem in problems:
        raise problem
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    random.seed(arguments.seed)
    told, excused = Told(), 0
    with Field() as where:
        where.make_tables(NAMESPACE, TABLES)
        for number in range(arguments.rounds):
            kill = KILLS[number % len(KILLS)]
            counts = one_round(where, told, kill, 2)
            excused, left, versions = check(where, told, excused)
            field.tell(kill.__name__, counts, versions=versions, excused=excused, left=left)
    done = Counter(change.done for change in told.changes)
    must(done[True] > 0, "nothing was committed")
    print(f"kill -9: {arguments.rounds} rounds, {done[True]} acknowledged and there, {done[False]} refused and not there")


if __name__ == "__main__":
    main()
