"""Fixtures of the client tests: a store, a catalog server over it, and a namespace per test.

`--store NAME` (repeatable) chooses the stores; `--server reference` runs the same tests against
Iceberg's own REST fixture, which tells a wrong test from a wrong server (it is known to be laxer
about namespaces: it drops them with children in them and creates tables in missing ones).
"""

import itertools

import pytest
import servers
from pyiceberg.catalog import load_catalog

COUNTER = itertools.count(1)


def pytest_addoption(parser):
    parser.addoption(
        "--store", action="append", choices=sorted(servers.STORES), help="default: file and seaweedfs"
    )
    parser.addoption("--server", default="firn", choices=sorted(servers.SERVERS))


def stores_given(metafunc):
    return any("store" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))


def pytest_generate_tests(metafunc):
    if "store" in metafunc.fixturenames and not stores_given(metafunc):
        stores = metafunc.config.getoption("store") or ["file", "seaweedfs"]
        metafunc.parametrize("store", stores, indirect=True, scope="session")


@pytest.fixture(scope="session")
def store(request):
    started = servers.STORES[request.param]()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def server(request, store):
    """One server for all tests over a store."""
    started = servers.SERVERS[request.config.getoption("server")](store)
    yield started
    started.stop()


@pytest.fixture
def fresh_server(request, store):
    """A server of its own with an empty catalog, for a test that must not find others' namespaces."""
    started = servers.SERVERS[request.config.getoption("server")](store)
    yield started
    started.stop()


def python_catalog(server, **properties):
    return load_catalog(
        "firn",
        type="rest",
        uri=server.uri,
        warehouse=servers.WAREHOUSE,
        **{"view-endpoints-supported": "true", **server.store.python_properties(), **properties},
    )


@pytest.fixture(scope="session")
def catalog(server):
    return python_catalog(server)


@pytest.fixture
def namespace(catalog):
    name = f"t{next(COUNTER)}"
    catalog.create_namespace(name)
    return name
