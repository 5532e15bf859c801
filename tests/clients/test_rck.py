"""Iceberg's own catalog and view tests (its REST compatibility kit) against the server over HTTP."""

import subprocess

import pytest
import servers

WIDE = {"rck.supports-names-with-dot": "true", "rck.requires-namespace-create": "true"}
VIEWS = "org.apache.iceberg.rest.RESTCompatibilityKitViewCatalogTests"

# The kit skips five for any REST catalog: they need tables, views or properties at the root, and the
# protocol has no path for it (a namespace in a path has at least one level).
ROOT_TABLE_TESTS, ROOT_VIEW_TESTS = 4, 1

NEEDS_NO_CACHE = "testLoadTableWithMissingMetadataFile"
# The client evicts in the background, so a size of 0 alone may still serve what was just put in.
NO_CLIENT_CACHE = {"rest-table-cache.max-entries": "0", "rest-table-cache.expire-after-write-ms": "1"}

on_files = pytest.mark.parametrize("store", ["file"], indirect=True, scope="session")


def java(*arguments):
    return subprocess.run(
        arguments, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900
    )


@pytest.fixture(scope="session")
def classes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classes")
    sources = [str(source) for source in (servers.ROOT / "tests" / "clients" / "rck").glob("*.java")]
    compiled = java("javac", "-cp", f"{servers.CACHE}/rck/*", "-d", str(folder), *sources)
    assert compiled.returncode == 0, compiled.stdout
    return folder


def counts(report):
    """The launcher's closing lines, as {"tests failed": 0, …}."""
    lines = [line.strip("[] ").split(" ", 1) for line in report.splitlines() if line.startswith("[")]
    return {name.strip(): int(number) for number, name in lines}


def run_kit(server, classes, *selection, **properties):
    # The kit asks for locations of its own choice, which must lie in the warehouse.
    settings = {
        "rck.local": "false",
        "rck.location": f"file:{server.store.folder}",
        "uri": server.uri,
        "warehouse": servers.WAREHOUSE,
        "java.io.tmpdir": str(server.store.folder),
        "org.slf4j.simpleLogger.defaultLogLevel": "error",
        **WIDE,
        **server.store.java_properties(),
        **properties,
    }
    ended = java(
        *("java", *(f"-D{name}={value}" for name, value in settings.items())),
        *("-cp", f"{classes}:{servers.CACHE}/rck/*", "org.junit.platform.console.ConsoleLauncher", "execute"),
        *("--details=tree", "--disable-banner", "--disable-ansi-colors", *selection),
    )
    print(ended.stdout)
    found = counts(ended.stdout)
    assert found["tests failed"] == 0 and found["containers failed"] == 0, ended.stdout
    assert found["tests skipped"] == 0 and found["tests found"] > 0, ended.stdout
    return found["tests aborted"]


@on_files
def test_tables(fresh_server, classes):
    selection = ("--select-class", "WideCatalogTests", f"--exclude-methodname=.*{NEEDS_NO_CACHE}")
    assert run_kit(fresh_server, classes, *selection) == ROOT_TABLE_TESTS


@on_files
def test_views(fresh_server, classes):
    assert run_kit(fresh_server, classes, "--select-class", VIEWS) == ROOT_VIEW_TESTS


@on_files
def test_missing_metadata_file(store, classes):
    """The one test that moves a metadata file away behind the server's back: caches off on both sides."""
    server = servers.Firn(store, "--cache", "0")
    try:
        selection = ("--select-method", f"WideCatalogTests#{NEEDS_NO_CACHE}(java.nio.file.Path)")
        assert run_kit(server, classes, *selection, **NO_CLIENT_CACHE) == 0
    finally:
        server.stop()
