#!/usr/bin/env python3
"""kill -9 under load, again and again: what was acknowledged is there, every table loads, every file is.

Odd rounds kill firn alone, so that the next run adopts its PostgreSQL; even rounds kill PostgreSQL first and
firn right after. Prints what it counted.
"""

import argparse
import os
import random
import signal
import threading
import time
from collections import Counter

import field
from field import Field, must

TABLES = [f"t{number}" for number in range(4)]
COMMITTERS = 8
NAMESPACE = "kill"


class Told:
    """Snapshots that were acknowledged, by table."""

    def __init__(self):
        self.lock = threading.Lock()
        self.by_table = {name: set() for name in TABLES}

    def step(self, worker):
        name = worker.random.choice(TABLES)
        path = field.table_path(NAMESPACE, name)
        loaded = worker.ask("GET", path)
        if loaded is None or loaded.status != 200:
            time.sleep(0.01)  # between two lives of the server: don't spin
            return
        snapshot_id = random.getrandbits(56)
        answer = worker.ask("POST", path, field.append(loaded.json()["metadata"], snapshot_id))
        if answer is not None and answer.status == 200:
            with self.lock:
                self.by_table[name].add(snapshot_id)


def postmaster_of(server):
    return int((server.folder / "data" / "postgres" / "postmaster.pid").read_text().split("\n")[0])


def kill_and_restart(where, number, delay):
    time.sleep(delay)
    if number % 2 == 0:
        os.kill(postmaster_of(where.server), signal.SIGKILL)
    where.server.kill()
    where.server.start()


def check(where, told):
    client = where.client()
    versions = left = 0
    for name in TABLES:
        log, orphans = field.check_table(client, NAMESPACE, name, told.by_table[name])
        versions += len(log)
        left += orphans
    client.close()
    return versions, left


def one_round(where, told, number, seconds):
    stop = threading.Event()
    killer = threading.Thread(target=kill_and_restart, args=(where, number, random.uniform(0.3, seconds)))
    killer.start()
    seen = field.run_workers(where.server, [told.step] * COMMITTERS, seconds + 2, stop)
    killer.join()
    return seen


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    random.seed(arguments.seed)
    told, seen = Told(), Counter()
    with Field() as where:
        where.make_tables(NAMESPACE, TABLES)
        for number in range(1, arguments.rounds + 1):
            seen += one_round(where, told, number, 2)
            versions, left = check(where, told)
    acknowledged = sum(map(len, told.by_table.values()))
    must(acknowledged > 0, "nothing was committed")
    field.tell("kill -9", seen, rounds=arguments.rounds, acknowledged=acknowledged, lost=0, versions=versions, unexplained=left)


if __name__ == "__main__":
    main()
