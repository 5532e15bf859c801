#!/usr/bin/env python3
"""./dev bench: firn beside bare programs, and beside Iceberg's reference server, on the same machine and PostgreSQL.

Rounds are interleaved with what they are compared against; figures are medians. The ratio is firn's figure by the
other's. `--json FILE` writes rows {bench, case, value, unit, against, ratio}.
"""

import argparse
import json
import pathlib

from commit import bench_commit
from lists import bench_lists
from load import bench_far, bench_load
from memory import bench_memory
from peer import bench_peer
from place import Place
from snapshots import bench_snapshots

BENCHES = {
    "load": bench_load,
    "far": bench_far,
    "commit": bench_commit,
    "lists": bench_lists,
    "snapshots": bench_snapshots,
    "peer": bench_peer,
    "memory": bench_memory,
}


def show(bench, case, value, unit, against):
    ratio = value / against if against else None
    words = f"{value:12.1f} {unit:4}" + (f" {against:12.1f} {ratio:8.2f}" if against else "")
    print(f"{bench:9} {case:56} {words}", flush=True)
    return {"bench": bench, "case": case, "value": value, "unit": unit, "against": against, "ratio": ratio}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of {', '.join(BENCHES)}; all without")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="of each measurement")
    parser.add_argument("--requests", type=int, default=200000, help="that memory is watched over")
    options = parser.parse_args()
    for name in options.names:
        if name not in BENCHES:
            parser.error(f"no bench is called {name}: choose of {', '.join(BENCHES)}")
    place = Place()
    try:
        print(f"{'bench':9} {'case':56} {'firn':>12}      {'other':>12} {'ratio':>8}")
        rows = [
            show(name, *row) for name in options.names or BENCHES for row in BENCHES[name](place, options)
        ]
    finally:
        place.close()
    if options.json:
        options.json.write_text("\n".join(json.dumps(row) for row in rows) + "\n")


if __name__ == "__main__":
    main()
