#!/usr/bin/env python3
"""The layering of docs/architecture.md, checked on #include lines.

A room, and its doors, includes door headers of rooms it may use, its own private headers, and nobody else's. Each
foreign library has one home.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

MAY_USE = {
    "base": {"base"},
    "db": {"base", "db"},
    "iceberg": {"base", "iceberg"},
    "storage": {"base", "storage"},
    "access": {"base", "db", "access"},
    "catalog": {"base", "db", "iceberg", "storage", "access", "catalog"},
    "api": {"base", "iceberg", "access", "catalog", "api"},
}
BASE = "arena clock compress crypto ctx embedded http json log str uuid"
DOORS = {f"{name}.h": "base" for name in BASE.split()} | {
    "err_codes.def": "base",
    "db.h": "db",
    "table_metadata.h": "iceberg",
    "view_metadata.h": "iceberg",
    "storage.h": "storage",
    "location.h": "storage",
    "access.h": "access",
    "catalog.h": "catalog",
    "api.h": "api",
}
# Foreign header → the only sources that may include it.
HOMES = {
    r"jansson\.h": r"src/base/json\w*\.[ch]|src/iceberg/.*",
    r"curl/.*": r"src/base/http\w*\.c",
    r"openssl/.*": r"src/base/crypto\w*\.c",
    r"libpq-fe\.h|postgres.*": r"src/db/.*",
    r"microhttpd\.h": r"server/http\w*\.[ch]",
    r"zlib\.h|zstd\.h": r"src/base/compress\w*\.c",
    r"ini\.h": r"server/config\.c",
    r"systemd/.*": r"server/run\.c",
}
INCLUDE = re.compile(r'^\s*#\s*include\s+(<|")([^>"]+)[>"]', re.MULTILINE)


def room_of(path):
    return {"src": path.parts[1], "server": "server", "include": DOORS.get(path.name)}[path.parts[0]]


def check_door(path, header):
    room, used = room_of(path), DOORS.get(header.removeprefix("firn/"))
    if not used or room not in (*MAY_USE, "server"):
        return f"{header if not used else path} belongs to no room that this lint knows"
    if room == "server" or used in MAY_USE[room]:
        return None
    return f"{room} may not use {used} ({header})"


def check_private(path, header):
    if "/" not in header and ((ROOT / path).parent / header).exists():
        return None
    return f'"{header}" is no header of this room: include the door in firn/'


def check_foreign(path, header):
    for pattern, home in HOMES.items():
        if re.fullmatch(pattern, header) and not re.fullmatch(home, str(path)):
            return f"<{header}> belongs to {home}"
    return None


def check(path):
    for kind, header in INCLUDE.findall((ROOT / path).read_text()):
        if kind == "<":
            problem = check_foreign(path, header)
        elif header.startswith("firn/"):
            problem = check_door(path, header)
        else:
            problem = check_private(path, header)
        if problem:
            yield f"{path}: {problem}"


def sources():
    for folder in ("src", "server", "include"):
        for path in sorted((ROOT / folder).rglob("*.[ch]")):
            yield path.relative_to(ROOT)


def main():
    problems = [problem for path in sources() for problem in check(path)]
    print("\n".join(problems) or "layers: fine")
    return 1 if problems else 0


sys.exit(main())
