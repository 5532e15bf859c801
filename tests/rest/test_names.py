"""Any Unicode name that isn't refused lives a whole life: in paths, bodies, lists and locations."""

import pytest
import wire

NAMES = [
    "plain",
    "dotted.name.v1.2",
    "slash/inside",
    "/leading and trailing/",
    "back\\slash",
    "with space",
    " space around ",
    "100%",
    "%2F",
    "a+b",
    "a&b=c?d#e;f,g",
    "quote'd \"twice\"",
    "<tag>${x}",
    "$(touch x)`y`",
    "…",
    "...",
    ".hidden",
    "naïve",
    "nai\u0308ve",
    "表",
    "اسم",
    "🧊🏔️",
    "\u200b",
    "\u202eright to left",
    "x" * 255,
    "é" * 127,
    "CON",
    "metadata",
    "null",
    "*",
    "(:)",
    "select 1; drop table tabular; --",
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_namespace(warehouse, name):
    client, base = warehouse.client, warehouse.base
    ns = warehouse.namespace(name)
    assert client.get(ns).json()["namespace"] == [name]
    inner = warehouse.namespace(name, name)
    assert client.get(inner).json()["namespace"] == [name, name]
    assert client.get(f"{base}/namespaces?parent={wire.pct(name)}").json() == {"namespaces": [[name, name]]}
    assert client.get(f"{base}/namespaces").json() == {"namespaces": [[name]]}
    client.call("HEAD", inner, expect=204)
    client.post(f"{inner}/properties", {"updates": {name: name}})
    assert client.get(inner).json()["properties"][name] == name
    client.delete(inner)
    client.delete(ns)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_table(warehouse, name):
    client = warehouse.client
    ns = warehouse.namespace(name)
    table, made = warehouse.table(ns, name)
    assert made["metadata"]["location"].startswith(warehouse.location + "/")
    assert client.get(table).json()["metadata-location"] == made["metadata-location"]
    client.call("HEAD", table, expect=204)
    assert client.get(f"{ns}/tables").json() == {"identifiers": [{"namespace": [name], "name": name}]}
    client.post(table, {"requirements": [], "updates": [{"action": "set-properties", "updates": {name: name}}]})
    assert client.get(table).json()["metadata"]["properties"][name] == name
    here, there = {"namespace": [name], "name": name}, {"namespace": [name], "name": "other"}
    client.post(f"{warehouse.base}/tables/rename", {"source": here, "destination": there}, 204)
    client.post(f"{warehouse.base}/tables/rename", {"source": there, "destination": here}, 204)
    manage = f"{warehouse.manage}/namespaces/{wire.levels(name)}/tables/{wire.pct(name)}"
    assert client.get(manage).json()["version"] == "2"
    found = client.get(f"/management/v1/search?warehouse={warehouse.name}&q={wire.pct(name)}").json()["results"]
    assert [hit["name"] for hit in found] == [name]
    client.delete(table)
    assert name in client.get(table, 404).error["message"] or len(name) > 100 or not name.isprintable()
    client.call("POST", f"{manage}/undrop", expect=200)
    client.delete(table)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_view(warehouse, name):
    client = warehouse.client
    ns = warehouse.namespace("a")
    view, made = warehouse.view(ns, name)
    assert client.get(view).json()["metadata-location"] == made["metadata-location"]
    assert client.get(f"{ns}/views").json() == {"identifiers": [{"namespace": ["a"], "name": name}]}
    table, _ = warehouse.table(ns, "t")
    client.get(f"{table}?referenced-by={wire.levels('a', name)}")
    client.delete(view)
    client.call("HEAD", view, expect=404)


def test_too_long(warehouse):
    ns = warehouse.namespace("a")
    for name in ("x" * 256, "é" * 128):
        error = warehouse.client.post(f"{ns}/tables", {"name": name, "schema": wire.SCHEMA}, 400).error
        assert "256 bytes" in error["message"] and "255" in error["message"]


@pytest.mark.parametrize("kept", "-._~!$&'()*+,;=:@")
def test_reserved_characters_raw_or_encoded(warehouse, kept):
    """What a path may hold as it is means the same percent-encoded."""
    ns = warehouse.namespace(f"a{kept}b")
    assert warehouse.client.get(f"{warehouse.base}/namespaces/a{kept}b").json() == warehouse.client.get(ns).json()


def test_plus_is_a_plus_in_paths_and_a_space_in_queries(warehouse):
    warehouse.namespace("a+b")
    warehouse.namespace("a b")
    warehouse.namespace("a b", "child")
    assert warehouse.client.get(f"{warehouse.base}/namespaces/a+b").json()["namespace"] == ["a+b"]
    found = warehouse.client.get(f"{warehouse.base}/namespaces?parent=a+b").json()
    assert found == {"namespaces": [["a b", "child"]]}
