"""Golden cases: one file is one scenario, a list of steps against a fresh warehouse.

Members of a case
  about    what it shows
  given    what stands at the start: `namespace a`, `namespace a/b`, `table a t`, `view a v`
           (makes ${t.location}, ${t.metadata}, ${t.uuid})
  keys     names that stand for fresh UUIDs
  steps    in order

Steps
  do       METHOD path; with headers, body (JSON) or raw (text)
  expect   status, or `status Type` for an error, whose message holds each of `says`
  answer   the body: exact, unless an object has `<more>: …` or a list ends with `<more>`
  with     headers of the answer
  write    a file of the warehouse's folder, with `json` or `text`; remove: one; exists/gone: lists

Everywhere `${name}` is a variable; ${pct:…} percent-encodes. Variables that always are there:
w (the warehouse), w.id, root (its location), folder, address, now (ms).
Matchers in `answer` and `with`: <any> <string> <int> <bool> <list> <object> <uuid> <time> <ms> <digits>
<re:…> <has:…> <not:…> <absent>; <int:name> also keeps the value as ${name}. {<set>: […]} is a list in any order.
"""

import json
import pathlib
import re
import time
from urllib.parse import urlsplit

import wire
import yaml

CASES = pathlib.Path(__file__).parent / "cases"
MEMBERS = {"about", "given", "keys", "steps"}
STEP_MEMBERS = {"do", "headers", "body", "raw", "expect", "says", "answer", "with", "write", "json", "text",
                "remove", "exists", "gone"}


def files():
    return sorted(CASES.rglob("*.yaml"))


def read(file):
    case = yaml.safe_load(file.read_text())
    assert set(case) <= MEMBERS, f"unknown members {set(case) - MEMBERS}"
    for step in case["steps"]:
        assert set(step) <= STEP_MEMBERS, f"unknown members {set(step) - STEP_MEMBERS} in {step}"
    return case


class Mismatch(AssertionError):
    pass


def is_recent(value):
    return isinstance(value, int) and abs(value / 1000 - time.time()) < 3600


TYPES = {
    "any": lambda v: True,
    "string": lambda v: isinstance(v, str) and v != "",
    "int": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "bool": lambda v: isinstance(v, bool),
    "list": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
    "uuid": lambda v: isinstance(v, str) and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", v),
    "time": lambda v: isinstance(v, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", v),
    "ms": is_recent,
    "digits": lambda v: isinstance(v, str) and v.isdigit(),
}
TESTS = {
    "re": lambda v, arg: isinstance(v, str) and re.search(arg, v),
    "has": lambda v, arg: isinstance(v, str) and arg in v,
    "not": lambda v, arg: str(v) != arg,
}
ABSENT = object()


class Run:
    """One case being run."""

    def __init__(self, warehouse):
        self.warehouse, self.client = warehouse, warehouse.client
        self.values = {
            "w": warehouse.name,
            "w.id": warehouse.id,
            "root": warehouse.location,
            "folder": str(warehouse.folder),
            "address": self.client.address,
        }

    # ---- variables

    def fill(self, value):
        if isinstance(value, dict):
            return {self.fill(k): self.fill(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.fill(v) for v in value]
        if not isinstance(value, str):
            return value
        self.values["now"] = int(time.time() * 1000)
        whole = re.fullmatch(r"\$\{([^}:]+)\}", value)
        if whole:
            return self.values[whole[1]]
        value = re.sub(r"\$\{([^}:]+)\}", lambda m: str(self.values[m[1]]), value)
        return re.sub(r"\$\{pct:([^}]*)\}", lambda m: wire.pct(m[1]), value)

    # ---- matching

    def match(self, expected, found, where="$"):
        if isinstance(expected, dict):
            return self.match_object(expected, found, where)
        if isinstance(expected, list):
            return self.match_list(expected, found, where)
        if isinstance(expected, str) and re.fullmatch(r"<.+>", expected, re.S):
            return self.match_pattern(expected[1:-1], found, where)
        if expected != found or isinstance(expected, bool) != isinstance(found, bool):
            raise Mismatch(f"{where}: expected {expected!r}, found {found!r}")

    def match_object(self, expected, found, where):
        if "<set>" in expected:
            return self.match_set(expected["<set>"], found, where)
        if not isinstance(found, dict):
            raise Mismatch(f"{where}: expected an object, found {found!r}")
        for key in expected:
            if key != "<more>":
                self.match(expected[key], found.get(key, ABSENT), f"{where}.{key}")
        extra = set(found) - set(expected)
        if extra and "<more>" not in expected:
            raise Mismatch(f"{where}: unexpected members {sorted(extra)}")

    def match_list(self, expected, found, where):
        more = expected[-1:] == ["<more>"]
        wanted = expected[:-1] if more else expected
        if not isinstance(found, list) or len(found) < len(wanted) or (len(found) > len(wanted) and not more):
            raise Mismatch(f"{where}: expected {len(wanted)} elements, found {found!r}")
        for i, item in enumerate(wanted):
            self.match(item, found[i], f"{where}[{i}]")

    def match_set(self, expected, found, where):
        more = expected[-1:] == ["<more>"]
        rest = list(found) if isinstance(found, list) else []
        for item in expected[:-1] if more else expected:
            for i, candidate in enumerate(rest):
                try:
                    self.match(item, candidate, where)
                except Mismatch:
                    continue
                del rest[i]
                break
            else:
                raise Mismatch(f"{where}: {item!r} is not in {found!r}")
        if rest and not more:
            raise Mismatch(f"{where}: unexpected elements {rest!r}")

    def match_pattern(self, pattern, found, where):
        kind, _, arg = pattern.partition(":")
        if kind == "absent":
            good = found is ABSENT
        elif found is ABSENT:
            good = False
        elif kind in TESTS:
            good = TESTS[kind](found, arg)
        else:
            good = TYPES[kind](found)
        if not good:
            raise Mismatch(f"{where}: expected <{pattern}>, found {'nothing' if found is ABSENT else repr(found)}")
        if kind in TYPES and arg:
            self.values[arg] = found

    # ---- what is given

    def give(self, words):
        kind, *words = words.split()
        if kind == "namespace":
            self.warehouse.namespace(*words[0].split("/"))
            return
        place = f"{self.warehouse.base}/namespaces/{wire.levels(*words[0].split('/'))}"
        made = (self.warehouse.table if kind == "table" else self.warehouse.view)(place, words[1])[1]
        metadata = made["metadata"]
        self.values[f"{words[1]}.location"] = metadata["location"]
        self.values[f"{words[1]}.metadata"] = made["metadata-location"]
        self.values[f"{words[1]}.uuid"] = metadata.get("table-uuid") or metadata.get("view-uuid")

    # ---- steps

    def path(self, name):
        if name.startswith("file://"):
            name = urlsplit(name).path
        return self.warehouse.folder / name

    def file_step(self, step):
        if "write" in step:
            path = self.path(step["write"])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(step["json"]) if "json" in step else step["text"])
        if "remove" in step:
            self.path(step["remove"]).unlink()
        for name in step.get("exists", []):
            assert self.path(name).is_file(), f"{name} is not there"
        for name in step.get("gone", []):
            assert not self.path(name).exists(), f"{name} is there"

    def step(self, step):
        step = self.fill(step)
        if "do" not in step:
            return self.file_step(step)
        method, path = step["do"].split(" ", 1)
        body = step["raw"].encode() if "raw" in step else step.get("body")
        answer = self.client.call(method, path, body, step.get("headers"))
        try:
            self.check(step, answer)
        except AssertionError as problem:
            raise AssertionError(f"{problem}\nin {step['do']}\n{answer}") from None

    def check(self, step, answer):
        status, _, kind = str(step["expect"]).partition(" ")
        if answer.status != int(status):
            raise Mismatch(f"expected {step['expect']}, found {answer.status}")
        if kind:
            self.match(kind, answer.error["type"], "type")
            says = step.get("says", [])
            for text in [says] if isinstance(says, str) else says:
                if text not in answer.error["message"]:
                    raise Mismatch(f"the message doesn't say {text!r}")
        elif "answer" in step:
            self.match(step["answer"], answer.json() if answer.body else "")
        for name, expected in step.get("with", {}).items():
            value = answer[name]
            self.match(expected, ABSENT if value is None else value, name)

    def run(self, case):
        for words in case.get("given", []):
            self.give(words)
        for name in case.get("keys", []):
            self.values[name] = wire.new_key()
        for step in case["steps"]:
            self.step(step)
