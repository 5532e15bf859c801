#!/usr/bin/env python3
"""Prepares every `struct firn_sql` of the sources against the migrated schema, and compares the types
of parameters and results with those that are declared beside it.

  statements.py SOURCE_DIR NEW_DATABASE      NEW_DATABASE: the program that prints a conninfo
  statements.py --list SOURCE_DIR
"""

import pathlib
import re
import subprocess
import sys

FIELDS = ("name", "text", "params", "results")
# A connection remembers them by address in a table of 1024 slots that must stay sparse.
MOST = 700
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/|[A-Za-z_]\w*|\d+|\s+|.', re.S)
DEFINE = re.compile(r'^[ \t]*#[ \t]*define[ \t]+(\w+)(\([^)]*\))?[ \t]+((?:[^\n\\]|\\.)*)', re.M | re.S)
START = re.compile(r'\bstruct\s+firn_sql\s+\w+\s*(?:\[[^\]]*\])?\s*=\s*(?=\{)')
ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "'": "'"}


class Trouble(Exception):
    pass


def unquote(literal):
    def escape(match):
        if match[1] not in ESCAPES:
            raise Trouble(f"unknown escape {match[0]}")
        return ESCAPES[match[1]]

    return re.sub(r"\\(.)", escape, literal[1:-1], flags=re.S)


def split(text):
    """Tokens without blanks and comments."""
    found = TOKEN.findall(text.replace("\\\n", " "))
    return [token for token in found if not token.isspace() and not token.startswith(("/*", "//"))]


def arguments_of(queue):
    """Takes (a, b) from the front of queue: [[tokens of a], [tokens of b]]."""
    found, depth = [[]], 0
    while queue:
        token = queue.pop(0)
        depth += (token == "(") - (token == ")")
        if depth == 0:
            return found
        if token == "," and depth == 1:
            found.append([])
        elif token != "(" or depth > 1:
            found[-1].append(token)
    raise Trouble("a macro's ) is missing")


def tokens(queue, macros):
    """The tokens of queue one by one, macros of the same file that hold string literals replaced."""
    budget = 1000
    while queue:
        token = queue.pop(0)
        if token not in macros or budget == 0:
            yield token
            continue
        budget -= 1
        parameters, body = macros[token]
        given = {}
        if parameters is not None:
            given = dict(zip(parameters, arguments_of(queue)))
        queue[:0] = [part for word in body for part in given.get(word, [word])]


def macros_of(text):
    found = {}
    for name, parameters, body in DEFINE.findall(text):
        if '"' in body:
            found[name] = (split(parameters.strip("()").replace(",", " ")) if parameters else None,
                           split(body))
    return found


def field_of(index, value):
    """(field, literals) of one initialiser: `.name = "…"` or by place."""
    if value[:1] == ["."]:
        name, value = value[1], value[3:]
    else:
        name = FIELDS[index]
    if not value or not all(token.startswith('"') for token in value):
        raise Trouble(f"field {name} is no string literal: {' '.join(value)}")
    return name, "".join(unquote(token) for token in value)


def statement(parts):
    row = dict(field_of(i, value) for i, value in enumerate(parts))
    missing = [name for name in FIELDS if name not in row]
    if missing:
        raise Trouble(f"{row.get('name')}: without {', '.join(missing)}")
    return row


def initialisers(stream):
    """Rows of {…}, which is one statement or {{…}, {…}}; ends at its closing brace."""
    parts, value = [], []
    for token in stream:
        if token == "{":
            yield from initialisers(stream)
            parts, value = None, []
        elif token == "}":
            if value:
                parts.append(value)
            if parts:
                yield statement(parts)
            return
        elif token == "," and parts is not None:
            parts.append(value)
            value = []
        elif parts is not None:
            value.append(token)


def find(source_dir):
    found, troubles = [], []
    for path in sorted(pathlib.Path(source_dir, "src").rglob("*.[ch]")):
        text = path.read_text()
        macros = macros_of(text)
        for start in START.finditer(text):
            line = text.count("\n", 0, start.start()) + 1
            stream = tokens(split(text[start.end():]), macros)
            next(stream)
            try:
                for row in initialisers(stream):
                    found.append(dict(row, where=f"{path.relative_to(source_dir)}:{line}"))
            except (Trouble, IndexError) as e:
                troubles.append(f"{path.relative_to(source_dir)}:{line}: {e}")
    return found, troubles


def check_names(rows):
    seen = {}
    for row in rows:
        if row["name"] in seen:
            yield f"{row['where']}: the name {row['name']} is taken by {seen[row['name']]}"
        if not re.fullmatch(r"[a-z][a-z0-9_]{2,59}", row["name"]):
            yield f"{row['where']}: {row['name']!r} is no name (a-z, 0-9, _, at most 60)"
        seen.setdefault(row["name"], row["where"])
    if len(rows) > MOST:
        yield f"{len(rows)} statements: more than {MOST}"


def script(rows):
    yield "\\set ON_ERROR_STOP 0\n\\set VERBOSITY terse\n\\pset format unaligned\n\\pset tuples_only on\n"
    for i, row in enumerate(rows):
        yield f"\\echo @@ {i}\nprepare s{i} as {row['text']};\n"
        yield f"select 'params ' || array_to_string(parameter_types, ',') from pg_prepared_statements where name = 's{i}';\n"
        declared = "".join(f", '{name}'" for name in row["params"].split(",") if name)
        yield f"select 'declared ' || array_to_string(array[null{declared}]::regtype[], ',');\n"
        yield f"\\echo results\n{row['text']}\n\\gdesc\n"


def check_types(row, output):
    lines = output.strip().splitlines()
    errors = [line for line in lines if "ERROR" in line or "FATAL" in line]
    if errors:
        yield f"{row['where']}: {row['name']}: {errors[0]}"
        return
    params = next((line[7:] for line in lines if line.startswith("params ")), None)
    declared = next((line[9:] for line in lines if line.startswith("declared ")), None)
    if params != declared:
        yield f"{row['where']}: {row['name']}: params are '{params}', declared '{row['params']}'"
    results = [line.rsplit("|", 1)[1] for line in lines[lines.index("results") + 1:] if "|" in line]
    if ",".join(results) != row["results"]:
        yield f"{row['where']}: {row['name']}: results are '{','.join(results)}', declared '{row['results']}'"


def check_all(rows, conninfo):
    psql = subprocess.run(["psql", "-X", "-q", "-d", conninfo], input="".join(script(rows)),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    outputs = dict(re.findall(r"^@@ (\d+)\n(.*?)(?=^@@ |\Z)", psql.stdout, re.M | re.S))
    for i, row in enumerate(rows):
        if str(i) not in outputs:
            yield f"{row['where']}: {row['name']}: psql did not get here:\n{psql.stdout[-2000:]}"
            return
        yield from check_types(row, outputs[str(i)])


def main(arguments):
    if arguments[:1] == ["--list"]:
        for row in find(arguments[1])[0]:
            print(row["where"], row["name"], f"({row['params']}) -> ({row['results']})")
        return 0
    rows, troubles = find(arguments[0])
    conninfo = subprocess.run([arguments[1]], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    troubles += list(check_names(rows)) + list(check_all(rows, conninfo))
    for trouble in troubles:
        print(trouble)
    if not rows:
        troubles.append("no statements")
    print(f"{len(rows)} statements, {len(troubles)} wrong")
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
