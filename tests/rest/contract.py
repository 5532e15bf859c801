"""What openapi/ promises, held against every answer of the running server."""

import json
import pathlib
import re
from collections import Counter

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUTE = re.compile(r'^\s*\w+\((\w+), "([^"]+)", (\w+),', re.M)


def pointer(*pieces):
    return "/".join(str(piece).replace("~", "~0").replace("/", "~1") for piece in pieces)


class Operation:
    def __init__(self, document, method, path, row):
        self.document, self.method, self.path, self.row = document, method, path, row
        self.name = row["operationId"]
        self.pattern = re.compile(re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(path)) + "$")
        self.literal = path.count("{")

    def responses(self):
        """Status as written → pointer of the response in the document."""
        return {str(status): self.resolve(status, row) for status, row in self.row["responses"].items()}

    def resolve(self, status, row):
        if "$ref" in row:
            return row["$ref"].removeprefix("#/")
        return pointer("paths", self.path, self.method, "responses", status)


class Document:
    def __init__(self, file):
        self.name = file.name
        self.tree = yaml.safe_load(file.read_text())
        resource = Resource(contents=self.tree, specification=DRAFT202012)
        self.registry = Registry().with_resource("urn:" + self.name, resource)
        self.validators = {}
        self.operations = [
            Operation(self, method, path, row)
            for path, methods in self.tree["paths"].items()
            for method, row in methods.items()
            if method in ("get", "head", "post", "put", "patch", "delete")
        ]

    def at(self, where):
        node = self.tree
        for piece in where.split("/"):
            piece = piece.replace("~1", "/").replace("~0", "~")
            node = node[piece] if piece in node else node[int(piece)]
        return node

    def validator(self, where):
        if where not in self.validators:
            self.validators[where] = Draft202012Validator(
                {"$ref": f"urn:{self.name}#/{where}"}, registry=self.registry
            )
        return self.validators[where]


class Contract:
    """The documents, and which (operation, status) pairs were seen."""

    def __init__(self):
        self.documents = [Document(file) for file in sorted((ROOT / "openapi").glob("*.yaml"))]
        operations = [op for document in self.documents for op in document.operations]
        self.operations = sorted(operations, key=lambda op: op.literal)
        self.routes = [(m.lower(), p, n) for m, p, n in ROUTE.findall((ROOT / "src/api/routes.def").read_text())]
        self.seen = Counter()

    def find(self, method, path):
        """The described operation; None for what is no operation."""
        path = path.partition("?")[0]
        for op in self.operations:
            if op.method == method.lower() and op.pattern.match(path):
                return op
        return None

    def check(self, answer):
        common(answer)
        op = self.find(answer.method, answer.path)
        if not op:
            return
        self.seen[op.name, answer.status] += 1
        responses = op.responses()
        where = responses.get(str(answer.status)) or responses.get(f"{answer.status // 100}XX")
        assert where, f"{op.name} is not described to answer {answer.status}: {answer}"
        check_body(op.document, where, answer)


def common(answer):
    """What holds for every answer of the program's own."""
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", answer["X-Request-Id"] or ""), answer
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", answer["Date"] or ""), answer
    if answer.status >= 400 and answer.method != "HEAD":
        error = answer.error
        assert set(answer.json()) == {"error"} and set(error) == {"message", "type", "code"}, answer
        assert error["code"] == answer.status and error["message"] and error["type"], answer
        assert not re.search(r"SQLSTATE|\bselect .+ from \w|\binsert into|\.c:\d+|PGRES|libpq", error["message"]), answer


def check_body(document, where, answer):
    content = document.at(where).get("content")
    if not content or answer.method == "HEAD":
        assert not answer.body, f"a body where none is described: {answer}"
        return
    kind = (answer["Content-Type"] or "").partition(";")[0]
    assert kind in content, f"{kind} is not described: {answer}"
    if kind != "application/json" or answer["Content-Encoding"]:
        return
    validator = document.validator(f"{where}/{pointer('content', kind, 'schema')}")
    problems = sorted(validator.iter_errors(json.loads(answer.body)), key=lambda e: len(e.absolute_path))
    assert not problems, f"{where}: {problems[0].json_path}: {problems[0].message[:500]}\n{answer}"
