"""Loads by wrk: rate, 99th percentile and the server's CPU time for each request."""

import contextlib
import re
import statistics
import subprocess

from place import BUILD, TABLES, Program, cpu_seconds, free_port

CONNECTIONS = (1, 8, 32, 256)
FAR_CONNECTIONS = (64, 256)
FAR_MICROSECONDS = 500  # in each direction
UNITS = {"us": 1, "ms": 1000, "s": 1000000}


def microseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * UNITS[unit]


class Load:
    """What one run of wrk against one program gave."""

    def __init__(self, program, path, connections, seconds, headers=()):
        before = cpu_seconds(program.pid)
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
        for header in headers:
            command += ["-H", header]
        out = subprocess.run([*command, program.url(path)], check=True, capture_output=True, text=True).stdout
        if "Non-2xx" in out:
            raise RuntimeError(f"{path} answers errors:\n{out}")
        spent = cpu_seconds(program.pid) - before
        self.rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
        self.p99 = microseconds(re.search(r"^\s+99%\s+(\S+)", out, re.MULTILINE)[1])
        self.cpu = spent / (self.rate * seconds) * 1e6


def median(loads, name):
    return statistics.median(getattr(load, name) for load in loads)


def interleaved(targets, rounds, *arguments):
    """targets: {name: (program, path)}; {name: [Load, …]}, each round in turn."""
    loads = {name: [] for name in targets}
    for _ in range(rounds):
        for name, (program, path) in targets.items():
            loads[name].append(Load(program, path, *arguments))
    return loads


def rows(case, ours, ceilings):
    """The better bare program counts, for each figure on its own."""
    yield case, median(ours, "rate"), "1/s", max(median(loads, "rate") for loads in ceilings)
    yield f"{case}, p99", median(ours, "p99"), "µs", min(median(loads, "p99") for loads in ceilings)
    yield f"{case}, CPU", median(ours, "cpu"), "µs", min(median(loads, "cpu") for loads in ceilings)


def bench_load(place, options):
    with contextlib.ExitStack() as stack:
        targets = {
            name: (stack.enter_context(contextlib.closing(place.bare(name))), "/")
            for name in ("ceiling_read", "ceiling_pipelined")
        }
        targets["loadTable"] = (place.firn, f"{TABLES}/small")
        targets["config"] = (place.firn, "/v1/config?warehouse=demo")
        for connections in CONNECTIONS:
            loads = interleaved(targets, options.rounds, connections, options.seconds)
            ceilings = [loads["ceiling_read"], loads["ceiling_pipelined"]]
            for name in ("loadTable", "config"):
                yield from rows(f"{name}, {connections} connections", loads[name], ceilings)


@contextlib.contextmanager
def far_away(place):
    """A port at which PostgreSQL answers late."""
    port = free_port()
    socket = f"{place.cluster.root}/.s.PGSQL.{place.cluster.port}"
    proxy = Program([BUILD / "bench" / "delay_proxy", port, socket, FAR_MICROSECONDS], port)
    try:
        yield f"host=127.0.0.1 port={port} user=firn dbname=postgres"
    finally:
        proxy.close()


def bench_far(place, options):
    with contextlib.ExitStack() as stack:
        conninfo = stack.enter_context(far_away(place))
        firn = stack.enter_context(contextlib.closing(place.serve(FIRN_DATABASE_URL=conninfo)))
        port = free_port()
        bare = Program([BUILD / "bench" / "ceiling_pipelined", port, conninfo], port)
        stack.enter_context(contextlib.closing(bare))
        targets = {"bare": (bare, "/"), "firn": (firn, f"{TABLES}/small")}
        for connections in FAR_CONNECTIONS:
            loads = interleaved(targets, options.rounds, connections, options.seconds)
            yield from rows(f"loadTable, PostgreSQL far away, {connections} connections", loads["firn"], [loads["bare"]])
