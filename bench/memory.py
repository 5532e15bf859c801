"""Resident memory and descriptors: idle, after the benches before, and over many requests."""

import subprocess

from place import TABLES, descriptors, resident_mib


def load_many(place, requests):
    """wrk counts in seconds: runs until the server has counted that many."""
    done = 0
    while done < requests:
        out = subprocess.run(["wrk", "-t1", "-c32", "-d5s", place.firn.url(f"{TABLES}/small")], check=True,
                             capture_output=True, text=True).stdout
        done += int(out.split(" requests in ")[0].split()[-1])
    return done


def bench_memory(place, options):
    yield "resident, idle", place.idle_mib, "MiB", None
    yield "resident, after the benches before", resident_mib(place.firn.pid), "MiB", None
    warm = load_many(place, 50000)
    mib, fds = resident_mib(place.firn.pid), descriptors(place.firn.pid)
    done = load_many(place, options.requests)
    yield f"resident after {warm + done} loads, after {warm}", resident_mib(place.firn.pid), "MiB", mib
    yield "descriptors, then and before", descriptors(place.firn.pid), "", fds
