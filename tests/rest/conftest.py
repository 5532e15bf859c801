"""Fixtures of the REST tests: one server for all, a fresh warehouse for each."""

import itertools
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients"))

import contract as contracts  # noqa: E402
import servers  # noqa: E402
import wire  # noqa: E402

COUNTER = itertools.count(1)


def pytest_addoption(parser):
    parser.addoption("--coverage", action="store_true", help="also ask that every operation and status was seen")


def pytest_configure(config):
    config.addinivalue_line("markers", "options(**options): of the server that the test has to itself")


def pytest_ignore_collect(collection_path, config):
    if collection_path.name == "test_zz_coverage.py" and not config.getoption("--coverage"):
        return True
    return None


@pytest.fixture(scope="session")
def contract():
    return contracts.Contract()


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


@pytest.fixture(scope="session")
def address(server):
    return server.uri.removeprefix("http://")


@pytest.fixture
def connect(address, contract):
    """Makes clients whose every answer is checked."""
    clients = []

    def make():
        clients.append(wire.Client(address, contract.check))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(connect):
    return connect()


@pytest.fixture(scope="session")
def folders():
    root = servers.scratch("firn-rest-")
    yield root
    servers.shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def warehouse(client, folders):
    name = f"w{next(COUNTER)}"
    folder = folders / name
    folder.mkdir()
    folder.chmod(0o777)
    return wire.Warehouse(client, name, folder)
