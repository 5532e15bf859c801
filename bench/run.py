#!/usr/bin/env python3
"""./dev bench: load and commit rates of firn beside bare programs on the same machine, same PostgreSQL.

Rounds are interleaved with what they are compared against; figures are medians. `--json FILE` writes rows
{bench, case, value, unit, against, ratio}.
"""

import argparse
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "bench"
FIRN = BUILD / "firn"
SCHEMA = {"type": "struct", "fields": [{"id": 1, "name": "id", "type": "long", "required": False}]}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024


class Place:
    """A firn on a private PostgreSQL, with one small table and the rows of the bare programs."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="firn-bench-"))
        self.folder.chmod(0o711)  # as root, PostgreSQL runs as another user and must pass
        self.port = free_port()
        command = [FIRN, "dev", "--data-dir", self.folder / "data", "--listen", f"127.0.0.1:{self.port}", "--detach"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "FIRN_LOG_LEVEL": "warn"})
        self.pid = int((self.folder / "data" / "firn.pid").read_text())
        self.conninfo = f"host={self.folder}/data/socket user=firn dbname=postgres"
        self.fill()

    def sql(self, text):
        subprocess.run(["psql", "-qX", self.conninfo, "-c", text], check=True)

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        data = json.dumps(body) if body is not None else None
        connection.request(method, path, data, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]}")
        return json.loads(text) if text else None

    def fill(self):
        self.call("POST", "/v1/demo/namespaces", {"namespace": ["bench"]})
        columns = [{"id": n, "name": f"column_{n}", "type": "long", "required": False} for n in range(1, 95)]
        small = {"type": "struct", "fields": columns}  # about 8 KiB of metadata
        self.call("POST", "/v1/demo/namespaces/bench/tables", {"name": "small", "schema": small})
        for number in range(32):
            self.call("POST", "/v1/demo/namespaces/bench/tables", {"name": f"t{number}", "schema": SCHEMA})
        self.sql("create table bench_pointer (name text primary key, body text, version bigint default 1)")
        self.sql("insert into bench_pointer select 't' || n, repeat('x', 200) from generate_series(0, 9999) n")
        self.sql("vacuum analyze")

    def close(self):
        os.kill(self.pid, signal.SIGTERM)
        while pathlib.Path(f"/proc/{self.pid}").exists():
            time.sleep(0.05)
        shutil.rmtree(self.folder, ignore_errors=True)


def wrk(url, connections, seconds):
    out = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", url], check=True, capture_output=True, text=True
    ).stdout
    if "Non-2xx" in out:
        raise RuntimeError(f"{url} answers errors:\n{out}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])


def timed_load(pid, url, connections, seconds):
    """Requests a second, and the server's CPU microseconds for each."""
    before = cpu_seconds(pid)
    rate = wrk(url, connections, seconds)
    return rate, (cpu_seconds(pid) - before) / (rate * seconds) * 1e6


def bench_load(place, rounds, seconds):
    port = free_port()
    bare = subprocess.Popen([BUILD / "bench" / "ceiling_read", str(port), place.conninfo])
    urls = {
        "loadTable": f"http://127.0.0.1:{place.port}/v1/demo/namespaces/bench/tables/small",
        "config": f"http://127.0.0.1:{place.port}/v1/config?warehouse=demo",
    }
    try:
        time.sleep(0.5)
        for connections in (1, 8, 32, 256):
            ceiling, figures = [], {name: [] for name in urls}
            for _ in range(rounds):
                ceiling.append(timed_load(bare.pid, f"http://127.0.0.1:{port}/", connections, seconds))
                for name, url in urls.items():
                    figures[name].append(timed_load(place.pid, url, connections, seconds))
            top, top_cpu = (statistics.median(column) for column in zip(*ceiling))
            for name, measured in figures.items():
                rate, cpu = (statistics.median(column) for column in zip(*measured))
                yield f"{name}, {connections} connections", rate, "1/s", top
                yield f"{name}, {connections} connections, CPU", cpu, "µs", top_cpu
    finally:
        bare.terminate()
        bare.wait()


class Committer(threading.Thread):
    """Sets a property of its own table again and again."""

    def __init__(self, place, number, until):
        super().__init__()
        self.path = f"/v1/demo/namespaces/bench/tables/t{number}"
        self.connection = http.client.HTTPConnection("127.0.0.1", place.port)
        self.until, self.commits = until, 0

    def run(self):
        while time.monotonic() < self.until:
            update = {"action": "set-properties", "updates": {"n": str(self.commits)}}
            body = json.dumps({"requirements": [], "updates": [update]})
            self.connection.request("POST", self.path, body, {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(answer.status)
            self.commits += 1


def commit_rate(place, writers, seconds):
    until = time.monotonic() + seconds
    threads = [Committer(place, number, until) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(thread.commits for thread in threads) / seconds


def bare_commit_rate(place, writers, seconds):
    folder = pathlib.Path(tempfile.mkdtemp(dir=place.folder))
    command = [BUILD / "bench" / "ceiling_commit", place.conninfo, folder, "1500", str(writers), str(seconds)]
    rate = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    shutil.rmtree(folder)
    return rate


def bench_commit(place, rounds, seconds):
    for writers in (1, 8, 32):
        ours, bare = [], []
        for _ in range(rounds):
            bare.append(bare_commit_rate(place, writers, seconds))
            ours.append(commit_rate(place, writers, seconds))
        yield f"{writers} writers, tables of their own", statistics.median(ours), "1/s", statistics.median(bare)


def bench_memory(place, rounds, seconds):
    yield "resident, after the benches before", resident_mib(place.pid), "MiB", None


BENCHES = {"load": bench_load, "commit": bench_commit, "memory": bench_memory}


def show(bench, case, value, unit, against):
    ratio = value / against if against else None
    words = f"{value:12.1f} {unit:4}" + (f" {against:12.1f} {ratio:8.2f}" if against else "")
    print(f"{bench:8} {case:38} {words}", flush=True)
    return {"bench": bench, "case": case, "value": value, "unit": unit, "against": against, "ratio": ratio}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHES], help="which; all without")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="of each measurement")
    arguments = parser.parse_args()
    place = Place()
    try:
        print(f"{'bench':8} {'case':38} {'firn':>12}      {'bare':>12} {'ratio':>8}")
        rows = [
            show(name, *row)
            for name in arguments.names or BENCHES
            for row in BENCHES[name](place, arguments.rounds, arguments.seconds)
        ]
    finally:
        place.close()
    if arguments.json:
        arguments.json.write_text("\n".join(json.dumps(row) for row in rows) + "\n")


if __name__ == "__main__":
    main()
