"""Iceberg's own catalog and view tests (its REST compatibility kit) against the server over HTTP."""

import subprocess

import pytest
import servers

WIDE = {"rck.supports-names-with-dot": "true", "rck.requires-namespace-create": "true"}
VIEWS = "org.apache.iceberg.rest.RESTCompatibilityKitViewCatalogTests"

# The kit skips five for any REST catalog: they need tables, views or properties at the root, and the
# protocol has no path for it (a namespace in a path has at least one level).
ROOT_TABLE_TESTS, ROOT_VIEW_TESTS = 4, 1


def java(*arguments):
    return subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900)


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


def properties(server, temporary):
    settings = {
        "rck.local": "false",
        "uri": server.uri,
        "warehouse": servers.WAREHOUSE,
        "java.io.tmpdir": str(temporary),
        "org.slf4j.simpleLogger.defaultLogLevel": "error",
        **WIDE,
        **server.store.java_properties(),
    }
    return [f"-D{name}={value}" for name, value in settings.items()]


@pytest.mark.parametrize(("suite", "aborted"), [("WideCatalogTests", ROOT_TABLE_TESTS), (VIEWS, ROOT_VIEW_TESTS)], ids=["tables", "views"])
@pytest.mark.parametrize("store", ["file"], indirect=True, scope="session")
def test_kit(fresh_server, classes, suite, aborted):
    # The kit asks for tables beneath the temporary folder, which must lie in the warehouse.
    ended = java(
        *("java", *properties(fresh_server, fresh_server.store.folder)),
        *("-cp", f"{classes}:{servers.CACHE}/rck/*", "org.junit.platform.console.ConsoleLauncher"),
        *("execute", "--select-class", suite, "--details=tree", "--disable-banner", "--disable-ansi-colors"),
    )
    print(ended.stdout)
    found = counts(ended.stdout)
    assert found["tests failed"] == 0 and found["containers failed"] == 0, ended.stdout
    assert found["tests aborted"] == aborted and found["tests skipped"] == 0, ended.stdout
    assert found["tests successful"] == found["tests found"] - aborted
