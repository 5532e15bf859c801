"""Where a bench happens: a PostgreSQL of its own as it is installed by default, firn on it, and what the bare
programs look up. Everything listens on loopback, on free ports."""

import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "db"))
from cluster import Cluster  # noqa: E402

BUILD = pathlib.Path(os.environ.get("FIRN_BENCH_BUILD", ROOT / "build" / "bench"))
IDLE_SECONDS = 20
TABLES = "/v1/demo/namespaces/bench/tables"
SCHEMA = {"type": "struct", "fields": [{"id": 1, "name": "id", "type": "long", "required": False}]}
# About 8 KiB of metadata.
WIDE = {
    "type": "struct",
    "fields": [{"id": n, "name": f"column_{n}", "type": "long", "required": False} for n in range(1, 95)],
}


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


def descriptors(pid):
    return len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))


def wait_until_open(port, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}")


class Program:
    """A process that serves on a port, stopped by its own pid."""

    def __init__(self, command, port, **options):
        self.process = subprocess.Popen([str(part) for part in command], **options)
        self.pid, self.port = self.process.pid, port
        wait_until_open(port)

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Api:
    """One keep-alive connection that speaks JSON."""

    def __init__(self, port):
        self.connection, self.used = http.client.HTTPConnection("127.0.0.1", port), 0.0

    def fetch(self, path, method="GET", data=None):
        if time.monotonic() - self.used > IDLE_SECONDS:
            self.connection.close()  # the server may have done so; the next request opens it again
        self.used = time.monotonic()
        self.connection.request(method, path, data, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]}")
        return text

    def call(self, method, path, body=None):
        text = self.fetch(path, method, json.dumps(body) if body is not None else None)
        return json.loads(text) if text else None


class Place:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="firn-bench-"))
        settings = {"listen_addresses": "127.0.0.1", "max_connections": "200"}
        self.cluster = Cluster(settings, free_port())
        self.cluster.start()
        self.conninfo = self.cluster.conninfo()
        self.environment = {
            **os.environ,
            "FIRN_DATABASE_URL": self.conninfo,
            "FIRN_LOCAL_FILES": "true",
            "FIRN_LOG_LEVEL": "warn",
        }
        subprocess.run([BUILD / "firn", "migrate"], check=True, stdout=subprocess.DEVNULL, env=self.environment)
        self.firn = self.serve()
        self.idle_mib = resident_mib(self.firn.pid)
        self.api = Api(self.firn.port)
        self.fill()

    def serve(self, **options):
        port = free_port()
        return Program([BUILD / "firn", "serve", "--listen", f"127.0.0.1:{port}"], port,
                       env={**self.environment, **options})

    def bare(self, name):
        port = free_port()
        return Program([BUILD / "bench" / name, port, self.conninfo], port)

    def sql(self, text):
        return subprocess.run(["psql", "-qAtX", self.conninfo, "-c", text], check=True, capture_output=True,
                              text=True).stdout

    def fill(self):
        warehouse = {"name": "demo", "location": f"file://{self.folder}/warehouse"}
        self.api.call("POST", "/management/v1/warehouses", warehouse)
        self.api.call("POST", "/v1/demo/namespaces", {"namespace": ["bench"]})
        self.api.call("POST", TABLES, {"name": "small", "schema": WIDE})
        for number in range(32):
            self.api.call("POST", TABLES, {"name": f"t{number}", "schema": SCHEMA})
        self.sql("create table bench_pointer (name text primary key, body text, version bigint default 1)")
        self.sql("insert into bench_pointer select 't' || n, repeat('x', 200) from generate_series(0, 9999) n")
        self.sql("vacuum analyze")

    def close(self):
        self.firn.close()
        self.cluster.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
