"""HTTP as the tests speak it: every byte of the request is the test's own, nothing is retried."""

import http.client
import json
import uuid
from urllib.parse import quote

TIMEOUT = 60


class Answer:
    def __init__(self, method, path, status, headers, body):
        self.method, self.path = method, path
        self.status, self.headers, self.body = status, headers, body

    def __getitem__(self, name):
        """A header by its name in any letter case; None when absent."""
        return self.headers.get(name.lower())

    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json()["error"]

    def __repr__(self):
        text = self.body[:2000].decode("utf-8", "backslashreplace")
        return f"{self.method} {self.path} → {self.status} {self.headers}\n{text}"


def answer_of(method, path, response):
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(method, path, response.status, headers, response.read())


class Client:
    """One keep-alive connection. `watch` sees every answer."""

    def __init__(self, address, watch=None):
        self.address, self.watch = address, watch
        self.connection = http.client.HTTPConnection(address, timeout=TIMEOUT)

    def send(self, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
            headers.setdefault("Content-Type", "application/json")
        names = {name.lower() for name in headers}
        self.connection.putrequest(method, path, skip_host="host" in names, skip_accept_encoding=True)
        for name, value in headers.items():
            self.connection.putheader(name, value)
        if not names & {"content-length", "transfer-encoding"} and (body is not None or method in ("POST", "PUT", "PATCH")):
            self.connection.putheader("Content-Length", str(len(body or b"")))
        self.connection.endheaders(body)

    def receive(self, method, path):
        answer = answer_of(method, path, self.connection.getresponse())
        if self.watch:
            self.watch(answer)
        return answer

    def call(self, method, path, body=None, headers=None, expect=None):
        try:
            self.send(method, path, body, headers)
            answer = self.receive(method, path)
        except BaseException:
            self.close()
            raise
        if expect is not None:
            assert answer.status == expect, answer
        return answer

    def get(self, path, expect=200, **headers):
        return self.call("GET", path, headers=headers, expect=expect)

    def post(self, path, body, expect=200, headers=None):
        return self.call("POST", path, body, headers, expect)

    def delete(self, path, expect=204, headers=None):
        return self.call("DELETE", path, None, headers, expect)

    def close(self):
        self.connection.close()


def pct(text):
    return quote(text, safe="")


def levels(*names):
    """A namespace as a path piece."""
    return "%1F".join(pct(name) for name in names)


def new_key():
    return str(uuid.uuid4())


SCHEMA = {
    "type": "struct",
    "schema-id": 0,
    "fields": [
        {"id": 1, "name": "id", "required": True, "type": "long"},
        {"id": 2, "name": "name", "required": False, "type": "string"},
    ],
}

VIEW_VERSION = {
    "version-id": 1,
    "timestamp-ms": 1700000000000,
    "schema-id": 0,
    "summary": {"engine-name": "test"},
    "default-namespace": ["a"],
    "representations": [{"type": "sql", "sql": "select 1 as id", "dialect": "spark"}],
}


class Warehouse:
    """A fresh warehouse in a folder, and short forms of what most tests begin with."""

    def __init__(self, client, name, folder):
        self.client, self.name, self.folder = client, name, folder
        self.base = f"/v1/{name}"
        self.manage = f"/management/v1/warehouses/{name}"
        self.location = f"file://{folder}"
        body = {"name": name, "location": self.location, "storage": {"type": "file"}}
        self.id = client.post("/management/v1/warehouses", body, 201).json()["id"]

    def namespace(self, *names):
        self.client.post(f"{self.base}/namespaces", {"namespace": list(names)})
        return f"{self.base}/namespaces/{levels(*names)}"

    def table(self, namespace, name, **more):
        """Path and load result of a new table in the namespace at that path."""
        body = {"name": name, "schema": SCHEMA, **more}
        return f"{namespace}/tables/{pct(name)}", self.client.post(f"{namespace}/tables", body).json()

    def view(self, namespace, name, **more):
        body = {"name": name, "schema": SCHEMA, "view-version": VIEW_VERSION, "properties": {}, **more}
        return f"{namespace}/views/{pct(name)}", self.client.post(f"{namespace}/views", body).json()
