"""Pages: everything once, in order, whatever is inserted meanwhile; tokens are nobody's to make."""

import base64

import pytest
import wire

LISTS = {
    "namespaces": (lambda w, name: w.namespace(name), "/namespaces", lambda item: item[0]),
    "children": (lambda w, name: w.namespace("in", name), "/namespaces?parent=in", lambda item: item[1]),
    "tables": (lambda w, name: w.table(f"{w.base}/namespaces/in", name), "/namespaces/in/tables", lambda item: item["name"]),
    "views": (lambda w, name: w.view(f"{w.base}/namespaces/in", name), "/namespaces/in/views", lambda item: item["name"]),
}
NAMES = sorted(["a", "b", "c c", "d/d", "é", "表", "zz"], key=str.encode)


def page(client, path, size=None, token=None):
    query = ([f"pageSize={size}"] if size else []) + ([] if token is None else [f"pageToken={wire.pct(token)}"])
    mark = "&" if "?" in path else "?"
    answer = client.get(path + (mark + "&".join(query) if query else "")).json()
    items = answer.get("namespaces", answer.get("identifiers"))
    return items, answer.get("next-page-token")


def walk(client, path, size, between=lambda: None):
    token, found = "", []
    for _ in range(1000):
        items, token = page(client, path, size, token)
        assert len(items) <= size
        found += items
        if not token:
            return found
        between()
    raise AssertionError("no end")


@pytest.fixture(params=LISTS)
def listing(request, warehouse):
    make, path, name_of = LISTS[request.param]
    if request.param != "namespaces":
        warehouse.namespace("in")
    for name in NAMES:
        make(warehouse, name)
    return lambda name: make(warehouse, name), warehouse.base + path, name_of


def test_without_a_token_everything(client, listing):
    _, path, name_of = listing
    items, token = page(client, path)
    assert [name_of(i) for i in items] == NAMES and token is None


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 10000, 1000000])
def test_walk(client, listing, size):
    _, path, name_of = listing
    assert [name_of(i) for i in walk(client, path, size)] == NAMES


def test_an_empty_token_pages(client, listing):
    _, path, name_of = listing
    items, token = page(client, path, token="")
    assert [name_of(i) for i in items] == NAMES and not token
    items, token = page(client, path, 2, "")
    assert len(items) == 2 and token
    items, token = page(client, path, 2)
    assert len(items) == 2 and token


def test_stable_under_inserts(client, listing):
    make, path, name_of = listing
    extra = iter(f"{c}-new" for c in "0bcdefz")

    def insert():
        if name := next(extra, None):
            make(name)

    found = [name_of(i) for i in walk(client, path, 2, insert)]
    assert sorted(set(found), key=str.encode) == found
    assert set(NAMES) <= set(found)


def test_tampered_tokens(client, listing):
    _, path, _ = listing
    _, token = page(client, path, 2, "")
    for i, c in enumerate(token):
        broken = token[:i] + ("A" if c != "A" else "B") + token[i + 1 :]
        mark = "&" if "?" in path else "?"
        error = client.get(f"{path}{mark}pageSize=2&pageToken={wire.pct(broken)}", 400).error
        assert error["type"] == "BadRequestException" and "pageToken" in error["message"]
    for broken in (token[:-1], token + "A", token + "=", token.upper(), "x" * 8000):
        mark = "&" if "?" in path else "?"
        client.get(f"{path}{mark}pageToken={wire.pct(broken)}", 400)


def test_the_last_name_can_be_dropped_between_pages(warehouse):
    ns = warehouse.namespace("in")
    paths = [warehouse.table(ns, name)[0] for name in "abcd"]
    items, token = page(warehouse.client, f"{ns}/tables", 2, "")
    warehouse.client.delete(paths[1])
    items, token = page(warehouse.client, f"{ns}/tables", 2, token)
    assert [i["name"] for i in items] == ["c", "d"] and not token


def test_foreign_tokens(warehouse):
    """A token is good for the listing that gave it out, and no other."""
    client = warehouse.client
    one, two = warehouse.namespace("one"), warehouse.namespace("two")
    for name in "abc":
        warehouse.table(one, name)
        warehouse.table(two, name)
        warehouse.view(one, f"v{name}")
    _, token = page(client, f"{one}/tables", 1, "")
    for path in (f"{two}/tables", f"{one}/views", f"{one}/functions", f"{warehouse.base}/namespaces",
                 f"{warehouse.base}/namespaces?parent=one", "/management/v1/warehouses"):
        mark = "&" if "?" in path else "?"
        client.get(f"{path}{mark}pageToken={token}", 400)


def test_functions(warehouse):
    ns = warehouse.namespace("in")
    version = {"version-id": 1, "timestamp-ms": 1, "representations": [{"type": "sql", "dialect": "x", "sql": "1"}]}
    definition = {
        "definition-id": "int",
        "parameters": [{"name": "x", "type": "int"}],
        "return-type": "int",
        "function-type": "udf",
        "current-version-id": 1,
        "versions": [version],
    }
    log = [{"timestamp-ms": 1, "definition-versions": [{"definition-id": "int", "version-id": 1}]}]
    function = {"format-version": 1, "definitions": [definition], "definition-log": log}
    for name in NAMES:
        path = f"{warehouse.manage}/namespaces/in/functions"
        warehouse.client.post(path, {"name": name, "function": function}, 201)
    assert [i[1] for i in walk(warehouse.client, f"{ns}/functions", 2)] == NAMES


def test_tokens_are_opaque(client, listing):
    _, path, name_of = listing
    items, token = page(client, path, 2, "")
    assert name_of(items[-1]) != token and not token.isdigit()
    base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


def test_many(warehouse):
    """More than a default page, streamed in one answer when nobody asks for pages."""
    client = warehouse.client
    for i in range(1100):
        client.post(f"{warehouse.base}/namespaces", {"namespace": [f"n{i:05}"]})
    items, token = page(client, f"{warehouse.base}/namespaces")
    assert len(items) == 1100 and token is None
    items, token = page(client, f"{warehouse.base}/namespaces", token="")
    assert len(items) == 1000 and token
    items, token = page(client, f"{warehouse.base}/namespaces", token=token)
    assert len(items) == 100 and not token
