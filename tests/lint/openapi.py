#!/usr/bin/env python3
"""openapi/ describes each route of routes.def under its operation's name, and nothing else; each component is there
and used; each operation answers as its kind of route may.

Reads the documents by their layout (two spaces a level, one key a line, references in braces), after a YAML library
has found them well-formed. tests/rest holds the server's answers against their content.
"""

import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUTE = re.compile(r'^(\w+)\((\w+), "([^"]+)", (\w+),(.*)', re.MULTILINE)
METHODS = "get|head|post|put|patch|delete"
# What every operation can answer, whatever it does; and what the kinds of routes add.
ALWAYS = {"400", "406", "413", "414", "415", "431", "500", "503"}
MUTATION = {"422", "429"}
FORBIDDEN = {"403"}  # a mutation for a foreign page; management for callers from elsewhere


def routes():
    text = (ROOT / "src/api/routes.def").read_text()
    return {(method.lower(), path): (kind, operation, rest) for kind, method, path, operation, rest in ROUTE.findall(text)}


def described(text):
    """(method, path) → the lines of the operation."""
    found, path, method = {}, None, None
    for line in text.splitlines():
        if match := re.fullmatch(r"  (/\S+):", line):
            path = match[1]
        elif re.match(r"\S", line):
            path = None
        elif path and (match := re.fullmatch(rf"    ({METHODS}|parameters):", line)):
            method = match[1]
            if method != "parameters":
                found[method, path] = []
        elif path and (method, path) in found:
            found[method, path].append(line)
    return found


def check_operation(where, lines, kind, operation, flags):
    names = [line.split(": ")[1] for line in lines if line.startswith("      operationId: ")]
    statuses = set(re.findall(r"^        '(\d\d\d)':", "\n".join(lines), re.MULTILINE))
    expected = ALWAYS | (MUTATION if kind == "MUTATION" else set())
    expected |= FORBIDDEN if kind == "MUTATION" or "LOCAL" in flags else set()
    if names != [operation]:
        yield f"{where}: operationId is {names}, routes.def says {operation}"
    if missing := expected - statuses:
        yield f"{where}: statuses {sorted(missing)} are not described"
    if FORBIDDEN & (statuses - expected):
        yield f"{where}: nobody is forbidden this"
    if kind != "MUTATION" and statuses & MUTATION:
        yield f"{where}: {sorted(statuses & MUTATION)} are answers of mutations only"


def components(text):
    """section/name of every component."""
    section, inside = None, False
    for line in text.splitlines():
        if re.match(r"\S", line):
            inside = line == "components:"
        elif inside and (match := re.fullmatch(r"  (\w+):", line)):
            section = match[1]
        elif inside and (match := re.match(r"    ([\w-]+):", line)):
            yield f"{section}/{match[1]}"


def check_components(name, text):
    have, used = set(components(text)), set(re.findall(r"#/components/([\w/-]+)", text))
    for missing in sorted(used - have):
        yield f"{name}: {missing} is referred to and not there"
    for unused in sorted(have - used):
        yield f"{name}: {unused} is not used"


def check_form(name, text):
    try:
        yaml.safe_load(text)
    except yaml.YAMLError as error:
        yield f"{name}: no YAML: {error}"


def main():
    problems, known = [], routes()
    seen = set()
    for file in sorted((ROOT / "openapi").glob("*.yaml")):
        text = file.read_text()
        problems += check_form(file.name, text)
        problems += check_components(file.name, text)
        for route, lines in described(text).items():
            where = f"{file.name}: {route[0].upper()} {route[1]}"
            seen.add(route)
            if route in known:
                problems += check_operation(where, lines, *known[route])
            else:
                problems.append(f"{where} is no route")
    problems += [f"{method.upper()} {path} is not described" for method, path in known.keys() - seen]
    print("\n".join(problems) or "openapi: fine")
    return 1 if problems else 0


sys.exit(main())
