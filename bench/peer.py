"""Beside Iceberg's reference REST server, on the same PostgreSQL: the same loads on both."""

import contextlib
import os
import pathlib
import statistics

from commit import commit_rate
from lists import create_tables
from load import Load, median
from place import TABLES, WIDE, Api, Program, free_port, resident_mib
from snapshots import register

JARS = pathlib.Path(os.environ.get("FIRN_TEST_CACHE", pathlib.Path.home() / ".cache" / "firn-tests")) / "rck"
NAMESPACE = "/v1/namespaces/bench"


def reference_server(place):
    port = free_port()
    environment = {
        **os.environ,
        "CATALOG_CATALOG__IMPL": "org.apache.iceberg.jdbc.JdbcCatalog",
        "CATALOG_URI": f"jdbc:postgresql://127.0.0.1:{place.cluster.port}/postgres",
        "CATALOG_JDBC_USER": "firn",
        "CATALOG_JDBC_SCHEMA__VERSION": "V1",
        "CATALOG_WAREHOUSE": f"file://{place.folder}/peer",
        "CATALOG_REST_PORT": str(port),
    }
    log = open(place.folder / "peer.log", "wb")
    command = ["java", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{JARS}/*",
               "org.apache.iceberg.rest.RESTCatalogServer"]
    return Program(command, port, env=environment, stdout=log, stderr=log)


def fill(place, peer):
    api = Api(peer.port)
    api.call("POST", "/v1/namespaces", {"namespace": ["bench"]})
    api.call("POST", f"{NAMESPACE}/tables", {"name": "small", "schema": WIDE})
    for number in range(8):
        api.call("POST", f"{NAMESPACE}/tables", {"name": f"t{number}", "schema": WIDE})
    register(place, "thousand", 1000)
    location = place.api.call("GET", f"{TABLES}/thousand")["metadata-location"]
    api.call("POST", f"{NAMESPACE}/register", {"name": "thousand", "metadata-location": location})
    api.call("POST", "/v1/namespaces", {"namespace": ["list"]})
    for number in range(1000):
        api.call("POST", "/v1/namespaces/list/tables", {"name": f"table_{number:05}", "schema": WIDE})
    place.api.call("POST", "/v1/demo/namespaces", {"namespace": ["list"]})
    create_tables(place.firn.port, "list", [f"table_{number:05}" for number in range(1000)])


def both(place, peer, options, path):
    """Loads of firn and of the peer, in turn."""
    ours, theirs = [], []
    for _ in range(options.rounds):
        theirs.append(Load(peer, f"/v1/{path}", 8, options.seconds))
        ours.append(Load(place.firn, f"/v1/demo/{path}", 8, options.seconds))
    return ours, theirs


def bench_peer(place, options):
    with contextlib.closing(reference_server(place)) as peer:
        fill(place, peer)
        cases = {
            "small loadTable": "namespaces/bench/tables/small",
            "1,000 snapshots": "namespaces/bench/tables/thousand",
            "1,000 snapshots, refs": "namespaces/bench/tables/thousand?snapshots=refs",
            "list of 1,000": "namespaces/list/tables",
        }
        for path in cases.values():  # warm: the compiler of a JVM takes its time
            Load(peer, f"/v1/{path}", 8, 2 * options.seconds)
        for case, path in cases.items():
            ours, theirs = both(place, peer, options, path)
            yield case, median(ours, "rate"), "1/s", median(theirs, "rate")
            yield f"{case}, CPU", median(ours, "cpu"), "µs", median(theirs, "cpu")
        ours, theirs = [], []
        for _ in range(options.rounds):
            paths = [f"/namespaces/bench/tables/t{number}" for number in range(8)]
            theirs.append(commit_rate(peer.port, [f"/v1{path}" for path in paths], options.seconds))
            ours.append(commit_rate(place.firn.port, [f"/v1/demo{path}" for path in paths], options.seconds))
        yield "commits, 8 writers", statistics.median(ours), "1/s", statistics.median(theirs)
        yield "resident afterwards", resident_mib(place.firn.pid), "MiB", resident_mib(peer.pid)
