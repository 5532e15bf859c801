"""firn doctor: good, and with each failing thing that can be arranged."""

import http.server
import json
import shutil
import threading

import pytest
import servers
from conftest import Program

HEALTHY = ["database", "PostgreSQL", "PostgreSQL version", "fsync", "synchronous_commit", "server_encoding"]
KEY = "ab" * 32


class Findings:
    def __init__(self, program, *words):
        shown = program.with_env()  # the two forms tell the same
        ended = shown("doctor", *words, "--json", code=1 if self.fails(program, words) else 0)
        assert ended.err == ""
        self.checks = {check["check"]: check for check in json.loads(ended.out)}

    def fails(self, program, words):
        done = program.start("doctor", *words, stdout=-1, stderr=-1)
        self.text, err = done.communicate(timeout=120)
        assert err == "", err
        assert done.returncode == ("FAILED" in self.text)
        return done.returncode

    def failed(self):
        return {name: check["detail"] for name, check in self.checks.items() if not check["passed"]}


@pytest.fixture(scope="module")
def server(store):
    """Without the many warehouses of the other tests."""
    started = servers.Firn(store)
    yield started
    started.stop()


@pytest.fixture
def nobody(folder):
    """No server's address, no database's: only what the words say."""
    return Program(folder)


# ---- beside `firn dev` -----------------------------------------------------------------------------------------------


def test_beside_dev(nobody, server):
    data = server.folder / "data"
    found = Findings(nobody, "--data-dir", str(data))
    assert found.failed() == {}
    assert list(found.checks)[:6] == HEALTHY
    assert found.checks["database"]["detail"] == f"the private PostgreSQL of `firn dev` under {data}"
    assert found.checks["base URL"]["detail"] == f"{server.uri}/health/ready"
    assert found.checks["master key"]["detail"] == "set"
    assert found.checks["demo: write"]["passed"]
    assert found.checks.pop("clock")["detail"].endswith(" ms apart")
    for name, check in found.checks.items():
        assert f"ok     {name:<28} {check['detail']}\n" in found.text


def test_the_data_directory_is_found_as_dev_finds_it(nobody, server, folder):
    """By the environment, the configuration file and a symbolic link."""
    data = server.folder / "data"
    link = folder / "link"
    link.symlink_to(data)
    file = folder / "firn.conf"
    file.write_text(f"data_dir = {link}\n")
    for program, words in (
        (nobody.with_env(FIRN_DATA_DIR=str(data)), []),
        (nobody, ["--config", str(file)]),
        (nobody, ["--data-dir", str(link)]),
    ):
        assert Findings(program, *words).checks["database"]["detail"].endswith(f"under {data}")


def test_nothing_to_examine(nobody, folder):
    for data in (folder, folder / "nowhere"):
        ended = nobody("doctor", "--data-dir", str(data), code=2)
        assert "FIRN_DATABASE_URL" in ended.err and str(data) in ended.err
        assert "\nhint: " in ended.err
        assert ended.out == ""
    assert not (folder / "nowhere").exists()
    assert list(folder.iterdir()) == []


def test_bad_words(nobody):
    assert "'lots'" in nobody("doctor", "--lanes", "lots", code=2).err
    assert "/nowhere" in nobody("doctor", "--config", "/nowhere", code=3).err


@pytest.fixture
def own(folder):
    """A `firn dev` that a test may break."""
    store = servers.FileStore()
    started = servers.Firn(store)
    yield started
    started.stop()
    store.stop()


def test_dev_was_killed(nobody, own):
    """Its PostgreSQL is still there: what can be examined is."""
    words = ["--data-dir", str(own.folder / "data")]
    own.kill()
    found = Findings(nobody, *words)
    assert list(found.failed()) == ["base URL"]
    assert own.uri in found.failed()["base URL"]
    own.start()
    assert Findings(nobody, *words).failed() == {}


def test_dev_has_ended(nobody, own):
    words = ["--data-dir", str(own.folder / "data")]
    own.end()
    assert "No `firn dev` runs on" in nobody("doctor", *words, code=2).err
    own.start()


def test_store_fails(nobody, own):
    shutil.rmtree(own.store.folder)
    own.store.folder.write_text("no folder")
    found = Findings(nobody, "--data-dir", str(own.folder / "data"))
    assert "demo: write" in found.failed()
    assert all(name.startswith("demo") and detail for name, detail in found.failed().items())
    own.store.folder.unlink()


@pytest.fixture
def s3_store():
    started = servers.SeaweedStore()
    yield started
    started.stop()


@pytest.fixture
def on_s3(s3_store):
    started = servers.Firn(s3_store)
    yield started
    started.stop()


def test_s3_store_fails(nobody, s3_store, on_s3):
    """A key that does not open the stored secret, and an endpoint where nothing answers any more."""
    words = ["--data-dir", str(on_s3.folder / "data")]
    assert Findings(nobody, *words).failed() == {}
    found = Findings(nobody.with_env(FIRN_MASTER_KEY=KEY), *words)
    assert list(found.failed()) == ["demo"]
    assert "key" in found.failed()["demo"]
    assert KEY not in found.text and s3_store.secret not in found.text
    s3_store.child.stop()
    found = Findings(nobody, *words)
    assert found.failed()
    assert all(name.startswith("demo") and detail for name, detail in found.failed().items())
    assert s3_store.secret not in found.text


def test_a_warehouse_on_a_store_that_does_not_answer(firn):
    (port,) = servers.free_ports(1)
    told = firn.with_env(FIRN_S3_SECRET_KEY="hidden")
    words = ["--endpoint", f"http://127.0.0.1:{port}", "--access-key", "k"]
    ended = told("warehouse", "create", "lake", "s3://lake/x", *words, code=2)
    assert f"127.0.0.1:{port}" in ended.err and "hidden" not in ended.err


def test_no_master_key(nobody, server):
    found = Findings(nobody.with_env(FIRN_MASTER_KEY="abc"), "--data-dir", str(server.folder / "data"))
    assert "64 hex digits" in found.failed()["master key"]


# ---- base URL --------------------------------------------------------------------------------------------------------


class NotFound(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(404)

    def log_message(self, *_):
        pass


def test_base_url(nobody, server):
    words = ["--data-dir", str(server.folder / "data")]
    (port,) = servers.free_ports(1)
    url = f"http://127.0.0.1:{port}"
    for chosen in (["--base-url", url], ["--listen", f"127.0.0.1:{port}"]):
        found = Findings(nobody, *words, *chosen)
        assert list(found.failed()) == ["base URL"]
        assert url in found.failed()["base URL"]
    other = http.server.HTTPServer(("127.0.0.1", port), NotFound)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    try:
        found = Findings(nobody, *words, "--base-url", url)
        assert f"{url}/health/ready answers 404" in found.failed()["base URL"]
    finally:
        other.shutdown()
        other.server_close()


# ---- a configured database -------------------------------------------------------------------------------------------


def test_configured_database(nobody, postgres, server, folder):
    """It goes before that of `firn dev`, and its settings of a throw-away cluster are found."""
    database = postgres.database()
    told = nobody.with_env(FIRN_DATABASE_URL=postgres.url(database), FIRN_DATA_DIR=str(server.folder / "data"))
    told("migrate")
    found = Findings(told, "--base-url", server.uri)
    assert found.checks["database"]["detail"] == "FIRN_DATABASE_URL of the environment"
    assert set(found.failed()) == {"fsync", "synchronous_commit"}
    assert "is off: set it to on" in found.failed()["fsync"]
    assert "is off: set it to on" in found.failed()["synchronous_commit"]
    assert found.checks["master key"]["detail"].startswith("none: ")
    file = folder / "firn.conf"
    file.write_text(f"database_url = {postgres.url(database)}\nbase_url = {server.uri}\n")
    found = Findings(nobody, "--config", str(file))
    assert found.checks["database"]["detail"] == "database_url of the configuration file"


def test_schema(nobody, postgres, server):
    database = postgres.database()
    told = nobody.with_env(FIRN_DATABASE_URL=postgres.url(database), FIRN_BASE_URL=server.uri)
    assert "run `firn migrate`" in Findings(told).failed()["schema"]
    told("migrate")
    assert "schema" not in Findings(told).failed()
    postgres.sql("insert into schema_migration (version, name, sha256) values (9999, '9999_x.sql', 'x')", database)
    assert "9999, newer than this firn knows" in Findings(told).failed()["schema"]


def test_encoding_and_connections(nobody, postgres, server):
    database = postgres.database("encoding 'SQL_ASCII' template template0")
    told = nobody.with_env(FIRN_DATABASE_URL=postgres.url(database), FIRN_BASE_URL=server.uri)
    failed = Findings(told, "--lanes", "512").failed()
    assert "is SQL_ASCII: set it to UTF8" in failed["server_encoding"]
    assert "is 200; one replica takes up to 524" in failed["max_connections"]


def test_no_postgresql(nobody, server):
    told = nobody.with_env(FIRN_DATABASE_URL="postgres://u:hidden@127.0.0.1:1/db", FIRN_BASE_URL=server.uri)
    found = Findings(told)
    assert list(found.failed()) == ["PostgreSQL"]
    assert found.checks["base URL"]["passed"]
    assert "hidden" not in found.text
