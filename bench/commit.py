"""Commits by writers that set a property, each on a table of its own, against a bare put and swap."""

import http.client
import json
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import threading
import time

from place import BUILD

WRITERS = (1, 8, 32)
SMALL_BYTES = 1500


def commit_body(number):
    update = {"action": "set-properties", "updates": {"n": str(number)}}
    return json.dumps({"requirements": [], "updates": [update]})


class Committer(threading.Thread):
    """Commits to one table again and again."""

    def __init__(self, port, path, until, body=commit_body):
        super().__init__()
        self.connection, self.path = http.client.HTTPConnection("127.0.0.1", port), path
        self.until, self.body, self.commits, self.failure = until, body, 0, None

    def run(self):
        while time.monotonic() < self.until and not self.failure:
            headers = {"Content-Type": "application/json"}
            self.connection.request("POST", self.path, self.body(self.commits), headers)
            answer = self.connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                self.failure = f"{self.path}: {answer.status} {text[:300]}"
            else:
                self.commits += 1


def commit_rate(port, paths, seconds, body=commit_body):
    until = time.monotonic() + seconds
    threads = [Committer(port, path, until, body) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for thread in threads:
        if thread.failure:
            raise RuntimeError(thread.failure)
    return sum(thread.commits for thread in threads) / seconds


def bare_commit_rate(place, n_bytes, writers, seconds):
    folder = pathlib.Path(tempfile.mkdtemp(dir=place.folder))
    command = [BUILD / "bench" / "ceiling_commit", place.conninfo, folder, str(n_bytes), str(writers), str(seconds)]
    rate = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    shutil.rmtree(folder)
    return rate


def bench_commit(place, options):
    for writers in WRITERS:
        ours, bare = [], []
        paths = [f"/v1/demo/namespaces/bench/tables/t{number}" for number in range(writers)]
        for _ in range(options.rounds):
            bare.append(bare_commit_rate(place, SMALL_BYTES, writers, options.seconds))
            ours.append(commit_rate(place.firn.port, paths, options.seconds))
        yield f"{writers} writers, tables of their own", statistics.median(ours), "1/s", statistics.median(bare)
