"""DuckDB's iceberg extension against the server. It commits through the transaction endpoint."""

import importlib.resources

import duckdb
import pytest
import servers
from conftest import python_catalog

EXTENSIONS = ["avro", "httpfs", "iceberg"]


def load_extensions(connection):
    for name in EXTENSIONS:
        folder = importlib.resources.files(f"duckdb_extension_{name}")
        path = folder / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
        connection.execute(f"LOAD '{path}'")


def add_secret(connection, properties):
    if "s3.endpoint" not in properties:
        return
    connection.execute(
        f"CREATE SECRET store (TYPE s3, KEY_ID '{properties['s3.access-key-id']}', "
        f"SECRET '{properties['s3.secret-access-key']}', REGION '{servers.REGION}', URL_STYLE 'path', "
        f"USE_SSL false, ENDPOINT '{properties['s3.endpoint'].removeprefix('http://')}')"
    )


def attach(server):
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    load_extensions(connection)
    add_secret(connection, server.store.python_properties())
    connection.execute(
        f"ATTACH '{servers.WAREHOUSE}' AS lake (TYPE iceberg, ENDPOINT '{server.uri}', "
        "AUTHORIZATION_TYPE 'none', ACCESS_DELEGATION_MODE 'none')"
    )
    return connection


@pytest.fixture
def sql(server, namespace):
    connection = attach(server)
    connection.execute(f"USE lake.{namespace}")

    def run(statement):
        return connection.execute(statement).fetchall()

    run.connection = connection
    yield run
    connection.close()


@pytest.fixture
def people(sql):
    sql("CREATE TABLE people (id BIGINT, name VARCHAR)")
    sql("INSERT INTO people VALUES (1, 'ada'), (2, 'bob')")
    return "people"


def test_schemas(sql, server):
    sql("CREATE SCHEMA lake.made_by_duckdb")
    assert ("made_by_duckdb",) in sql("SELECT schema_name FROM duckdb_schemas() WHERE database_name = 'lake'")
    sql("DROP SCHEMA lake.made_by_duckdb")
    assert not python_catalog(server).namespace_exists("made_by_duckdb")


def test_insert_and_select(sql, people):
    assert sql("SELECT * FROM people ORDER BY id") == [(1, "ada"), (2, "bob")]
    assert ("people",) in sql("SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake'")


def test_update_and_delete(sql, people):
    sql("UPDATE people SET name = 'BOB' WHERE id = 2")
    sql("DELETE FROM people WHERE id = 1")
    assert sql("SELECT * FROM people") == [(2, "BOB")]


def test_create_as_select(sql, people, server, namespace):
    sql("CREATE TABLE twice AS SELECT id * 2 AS id, name FROM people")
    assert sql("SELECT sum(id) FROM twice") == [(6,)]
    assert python_catalog(server).load_table((namespace, "twice")).scan().to_arrow().num_rows == 2


def test_transaction_over_two_tables(sql, people, server, namespace):
    sql("CREATE TABLE log (note VARCHAR)")
    sql("BEGIN")
    sql("INSERT INTO people VALUES (3, 'cyd')")
    sql("INSERT INTO log VALUES ('added cyd')")
    sql("COMMIT")
    catalog = python_catalog(server)
    assert catalog.load_table((namespace, "people")).scan().to_arrow().num_rows == 3
    assert catalog.load_table((namespace, "log")).scan().to_arrow().num_rows == 1


def test_rolled_back_transaction_leaves_nothing(sql, people):
    sql("BEGIN")
    sql("INSERT INTO people VALUES (3, 'cyd')")
    sql("ROLLBACK")
    assert sql("SELECT count(*) FROM people") == [(2,)]


def test_time_travel(sql, people, server, namespace):
    first = python_catalog(server).load_table((namespace, "people")).current_snapshot().snapshot_id
    sql("INSERT INTO people VALUES (3, 'cyd')")
    assert sql(f"SELECT count(*) FROM people AT (VERSION => {first})") == [(2,)]
    assert len(sql(f"SELECT * FROM iceberg_snapshots(lake.{namespace}.people)")) == 2


def test_drop(sql, people, server, namespace):
    sql("DROP TABLE people")
    assert not python_catalog(server).table_exists((namespace, "people"))
