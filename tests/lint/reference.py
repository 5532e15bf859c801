#!/usr/bin/env python3
"""docs/errors.md, docs/configuration.md and docs/commands.md, made from the tables they describe.

With --write they are written; without, the lint fails when they differ.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
STRING = r'"((?:[^"\\]|\\.)*)"'


def rows(name, pattern):
    text = (ROOT / name).read_text()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return re.findall(pattern, text)


def unescape(text):
    return text.replace('\\"', '"').replace("\\\\", "\\")


def errors():
    yield "# Errors\n"
    yield 'Every error is `{"error":{"message","type","code"}}`. The message names the offending value and the mend;'
    yield "the request id is in the `X-Request-Id` header. 429 and 503 carry `Retry-After`: nothing was changed.\n"
    yield "| code | status | type |"
    yield "|---|---|---|"
    for name, status, kind in rows("include/firn/err_codes.def", r"X\((\w+), (\d+), " + STRING):
        yield f"| {name} | {status} | {kind} |"


def configuration():
    yield "# Configuration\n"
    yield "Defaults < file (`--config`, `name = value` lines) < environment (`FIRN_` and the name in capitals) < flags"
    yield "(`--name`, with dashes). Secrets are taken from file and environment only. `firn check-config` shows each value"
    yield "and where it comes from.\n"
    yield "| option | default | meaning |"
    yield "|---|---|---|"
    pattern = r"X\((\w+), (\w+), " + STRING + r",\s*([\w| ]+),\s*((?:" + STRING + r"\s*)+)\)"
    for _, name, otherwise, flags, doc, *_ in rows("server/options.def", pattern):
        text = "".join(unescape(part) for part in re.findall(STRING, doc))
        yield f"| `{name}` | {'`' + otherwise + '`' if otherwise else ''} | {text}{' Secret.' if 'SECRET' in flags else ''} |"


def commands():
    yield "# Commands\n"
    yield "Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 denied, 5 conflict, 6 unreachable. Output is data on stdout,"
    yield "talk on stderr; a table on a terminal, tab-separated in a pipe, JSON with `--json`.\n"
    yield "| command | does |"
    yield "|---|---|"
    pattern = r"X\(\w+,\s*" + r",\s*".join([STRING] * 4) + r",\s*((?:" + STRING + r"\s*)+)\)"
    for noun, verb, arguments, _, summary, *_ in rows("server/commands.def", pattern):
        words = " ".join(filter(None, ["firn", noun, verb, arguments]))
        text = "".join(unescape(part) for part in re.findall(STRING, summary))
        yield f"| `{words}` | {text} |"


PAGES = {"docs/errors.md": errors, "docs/configuration.md": configuration, "docs/commands.md": commands}


def main():
    stale = []
    for name, page in PAGES.items():
        text = "\n".join(page()) + "\n"
        if "--write" in sys.argv:
            (ROOT / name).write_text(text)
        elif not (ROOT / name).exists() or (ROOT / name).read_text() != text:
            stale.append(f"{name} is stale: run tests/lint/reference.py --write")
    print("\n".join(stale) or "reference: fine")
    return 1 if stale else 0


sys.exit(main())
