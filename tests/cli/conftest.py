"""Fixtures of the command line's tests: one `firn dev` for all, a fresh warehouse for each, and the program run as
a person or a script runs it."""

import itertools
import os
import pathlib
import subprocess
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
for room in ("clients", "rest", "db"):
    sys.path.insert(0, str(TESTS / room))

import cluster  # noqa: E402
import servers  # noqa: E402
import test_events  # noqa: E402
import wire  # noqa: E402

COUNTER = itertools.count(1)


class Ended:
    """A finished command. Its talk is on stderr; no sanitizer spoke."""

    def __init__(self, command, code, out, err):
        self.command, self.code, self.out, self.err = command, code, out, err
        assert not servers.SANITIZER.search(err), self

    @property
    def rows(self):
        return [line.split("\t") for line in self.out.splitlines()]

    def __repr__(self):
        return f"{' '.join(self.command)}\nexit {self.code}\nstdout: {self.out[:4000]}\nstderr: {self.err[:4000]}"


class Program:
    """The binary with an environment of its own: nothing of the tester's reaches it."""

    def __init__(self, home, **environment):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("FIRN_", "XDG_", "PG"))}
        self.environment = {**kept, "HOME": str(home), **environment}

    def with_env(self, **more):
        other = Program(self.environment["HOME"])
        other.environment = {**self.environment, **more}
        return other

    def start(self, *words, **options):
        return subprocess.Popen([servers.BINARY, *words], env=self.environment, text=True, **options)

    def __call__(self, *words, code=0, typed="", **options):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        done = subprocess.run(
            [servers.BINARY, *words], env=self.environment, text=True, input=typed, timeout=120, check=False, **pipes
        )
        ended = Ended(words, done.returncode, done.stdout or "", done.stderr or "")
        assert ended.code == code, ended
        return ended


class World(wire.Warehouse):
    """A warehouse with something of each kind: sales.orders at version 2, the view sales.totals, and sales.gone,
    dropped."""

    def __init__(self, client, name, folder):
        super().__init__(client, name, folder)
        sales = self.namespace("sales")
        self.namespace("sales", "eu")
        path, made = self.table(sales, "orders")
        self.table_id = made["metadata"]["table-uuid"]
        change = {"action": "set-properties", "updates": {"owner": "ann"}}
        client.post(path, {"requirements": [], "updates": [change]})
        self.view(sales, "totals")
        client.delete(self.table(sales, "gone")[0])
        test_events.wait_for(
            client,
            f"/management/v1/events?warehouse={name}",
            lambda events: any(event["kind"] == "table.dropped" for event in events),
        )


@pytest.fixture(scope="session")
def store():
    started = servers.FileStore()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def server(store):
    started = servers.Firn(store)
    yield started
    started.stop()


@pytest.fixture
def client(server):
    opened = wire.Client(server.uri.removeprefix("http://"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def folders():
    root = servers.scratch("firn-cli-")
    yield root
    servers.shutil.rmtree(root, ignore_errors=True)


def new_folder(root, name):
    folder = root / name
    folder.mkdir()
    folder.chmod(0o777)
    return folder


@pytest.fixture
def folder(folders):
    return new_folder(folders, f"f{next(COUNTER)}")


@pytest.fixture
def world(client, folders):
    name = f"w{next(COUNTER)}"
    return World(client, name, new_folder(folders, name))


@pytest.fixture
def firn(server, folder):
    """The program, told of the server by FIRN_SERVER."""
    return Program(folder, FIRN_SERVER=server.uri)


@pytest.fixture
def alone(folder):
    """The program where no server is."""
    return Program(folder, FIRN_SERVER=f"http://127.0.0.1:{servers.free_ports(1)[0]}")


class Postgres:
    """A cluster beside `firn dev`'s own: for what runs on an external one."""

    def __init__(self):
        self.cluster = cluster.Cluster()
        self.cluster.start()

    def sql(self, text, database="postgres"):
        subprocess.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.url(database), "-c", text],
            check=True,
            stdout=subprocess.PIPE,
            env=Program("/").environment,
        )

    def url(self, database):
        return self.cluster.conninfo().replace("dbname=postgres", f"dbname={database}")

    def database(self, options=""):
        name = f"cli{next(COUNTER)}"
        self.sql(f"create database {name} {options}")
        return name


@pytest.fixture(scope="session")
def postgres():
    started = Postgres()
    yield started
    started.cluster.stop()
