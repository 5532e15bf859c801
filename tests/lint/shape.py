#!/usr/bin/env python3
"""Files of at most 600 lines, functions of at most 60, cyclomatic complexity at most 15 (pmccabe). Of tests only the
files are counted: their functions hold tables of cases.

Exceptions stand in exceptions.txt: `path[:function] reason`, and must still be needed.
"""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE_LINES, FUNCTION_LINES, COMPLEXITY = 600, 60, 15


def exceptions():
    lines = (pathlib.Path(__file__).parent / "exceptions.txt").read_text().splitlines()
    rows = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    assert all(len(row) == 2 for row in rows), "exceptions.txt: every exception needs a reason"
    return {row[0] for row in rows}


def sources():
    return sorted(path for folder in ("src", "server", "include") for path in (ROOT / folder).rglob("*.[ch]"))


def test_files():
    names = ("*.c", "*.h", "*.py", "*.java")
    return sorted(path for folder in ("tests", "bench") for name in names for path in (ROOT / folder).rglob(name))


def long_files():
    for path in sources() + test_files():
        lines = path.read_text().count("\n")
        if lines > FILE_LINES:
            yield str(path.relative_to(ROOT)), f"{lines} lines"


def large_functions():
    files = [str(path) for path in sources() if path.suffix == ".c"]
    out = subprocess.run(["pmccabe", *files], capture_output=True, text=True, check=True).stdout
    for row in out.splitlines():
        complexity, _, _, _, lines, where, name = row.split(maxsplit=6)
        path = pathlib.Path(where.split("(")[0]).relative_to(ROOT)
        if int(lines) > FUNCTION_LINES or int(complexity) > COMPLEXITY:
            yield f"{path}:{name}", f"{lines} lines, complexity {complexity}"


def main():
    allowed = exceptions()
    found = dict([*long_files(), *large_functions()])
    problems = [f"{where}: {what}" for where, what in found.items() if where not in allowed]
    problems += [f"{where}: is listed in exceptions.txt and needs no exception" for where in allowed - set(found)]
    print("\n".join(problems) or "shape: fine")
    return 1 if problems else 0


sys.exit(main())
