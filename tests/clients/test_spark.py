"""Spark SQL with Iceberg's extensions against the server."""

import itertools

import pytest
import spark as sessions
from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException

COUNTER = itertools.count(1)
MODES = ["copy-on-write", "merge-on-read"]


@pytest.fixture(scope="session")
def session():
    started = sessions.start()
    yield started
    started.stop()


class Sql:
    """Runs statements in a namespace of its own and returns rows as plain tuples.

    `@t` in a statement stands for the table's full name, which metadata tables and branches need.
    """

    def __init__(self, session, catalog):
        self.session = session
        self.catalog = catalog
        self.namespace = f"s{next(COUNTER)}"
        self(f"CREATE NAMESPACE {catalog}.{self.namespace}")
        self(f"USE {catalog}.{self.namespace}")

    def run(self, statement):
        return self.session.sql(statement.replace("@", f"{self.catalog}.{self.namespace}.")).collect()

    def __call__(self, statement):
        return [tuple(row) for row in self.run(statement)]

    def dicts(self, statement):
        return [row.asDict(recursive=True) for row in self.run(statement)]

    def call(self, procedure, arguments):
        return self(f"CALL {self.catalog}.system.{procedure}({arguments})")


@pytest.fixture(scope="session")
def catalog_name(session, server):
    name = type(server.store).__name__.lower()
    sessions.add_catalog(session, name, server)
    return name


@pytest.fixture
def sql(session, catalog_name):
    return Sql(session, catalog_name)


@pytest.fixture
def events(sql):
    """A table with three rows in two snapshots."""
    sql("CREATE TABLE events (id BIGINT, kind STRING) USING iceberg")
    sql("INSERT INTO events SELECT /*+ COALESCE(1) */ * FROM VALUES (1, 'a'), (2, 'b')")
    sql("INSERT INTO events VALUES (3, 'c')")
    return "events"


def snapshot_ids(sql, table):
    return [
        i for (i,) in sql(f"SELECT snapshot_id FROM @{table}.snapshots ORDER BY committed_at, snapshot_id")
    ]


class TestDefinitions:
    def test_namespaces(self, sql):
        sql(f"ALTER NAMESPACE {sql.catalog}.{sql.namespace} SET PROPERTIES ('team' = 'ice')")
        described = dict(sql(f"DESCRIBE NAMESPACE EXTENDED {sql.catalog}.{sql.namespace}"))
        assert "ice" in str(described)
        nested = f"{sql.catalog}.{sql.namespace}.inner"
        sql(f"CREATE NAMESPACE {nested} COMMENT 'nested'")
        sql(f"CREATE TABLE {nested}.t (id INT) USING iceberg")
        assert sql(f"SHOW NAMESPACES IN {sql.catalog}.{sql.namespace}") == [(f"{sql.namespace}.inner",)]
        assert sql(f"SHOW TABLES IN {nested}") == [(f"{sql.namespace}.inner", "t", False)]
        with pytest.raises((AnalysisException, Py4JJavaError), match="(?i)not empty"):
            sql(f"DROP NAMESPACE {nested}")
        sql(f"DROP TABLE {nested}.t")
        sql(f"DROP NAMESPACE {nested}")
        assert sql(f"SHOW NAMESPACES IN {sql.catalog}.{sql.namespace}") == []

    def test_create_describe_drop(self, sql):
        sql(
            "CREATE TABLE t (id BIGINT NOT NULL COMMENT 'key', at TIMESTAMP, tags MAP<STRING, ARRAY<INT>>, "
            "p STRUCT<x: DOUBLE, y: DECIMAL(20, 4)>) USING iceberg PARTITIONED BY (days(at), bucket(4, id)) "
            "COMMENT 'things' TBLPROPERTIES ('color' = 'blue')"
        )
        assert ("color", "blue") in sql("SHOW TBLPROPERTIES t")
        columns = {row[0]: row[1:3] for row in sql("DESCRIBE TABLE t")}
        assert columns["id"] == ("bigint", "key")
        assert columns["tags"][0] == "map<string,array<int>>"
        assert "days(at)" in str(sql("SHOW CREATE TABLE t"))
        sql(
            "INSERT INTO t VALUES (1, TIMESTAMP '2026-01-01 00:00:00', map('k', array(1, 2)), struct(0.5, 12.5))"
        )
        assert sql("SELECT tags['k'][1], p.y FROM t")[0][0] == 2
        sql("DROP TABLE t")
        assert sql("SHOW TABLES") == []

    def test_missing_and_taken(self, sql, events):
        with pytest.raises(AnalysisException, match="(?i)already exists"):
            sql("CREATE TABLE events (id INT) USING iceberg")
        sql("CREATE TABLE IF NOT EXISTS events (id INT) USING iceberg")
        with pytest.raises(AnalysisException, match="(?i)not.found|cannot be found"):
            sql("SELECT * FROM absent")
        sql("DROP TABLE IF EXISTS absent")

    def test_alter_columns(self, sql, events):
        sql("ALTER TABLE events ADD COLUMNS (size INT COMMENT 'bytes', place STRUCT<city: STRING>)")
        sql("ALTER TABLE events ADD COLUMN place.zip STRING AFTER city")
        sql("ALTER TABLE events ALTER COLUMN size TYPE BIGINT")
        sql("ALTER TABLE events ALTER COLUMN size FIRST")
        sql("ALTER TABLE events RENAME COLUMN kind TO sort")
        sql("INSERT INTO events VALUES (10, 4, 'd', struct('Bern', '3000'))")
        assert sql("SELECT size, id, sort, place.zip FROM events WHERE id >= 3 ORDER BY id") == [
            (None, 3, "c", None),
            (10, 4, "d", "3000"),
        ]
        sql("ALTER TABLE events DROP COLUMN place")
        assert [row[0] for row in sql("DESCRIBE TABLE events")][:3] == ["size", "id", "sort"]
        sql("ALTER TABLE events ALTER COLUMN sort COMMENT 'what'")

    def test_partition_evolution(self, sql, events):
        sql("ALTER TABLE events ADD PARTITION FIELD bucket(2, id) AS shard")
        sql("INSERT INTO events VALUES (4, 'd'), (5, 'e')")
        sql("ALTER TABLE events REPLACE PARTITION FIELD shard WITH truncate(1, kind)")
        sql("INSERT INTO events VALUES (6, 'f')")
        sql("ALTER TABLE events DROP PARTITION FIELD truncate(1, kind)")
        sql("INSERT INTO events VALUES (7, 'g')")
        assert sql("SELECT count(*), sum(id) FROM events") == [(7, 28)]
        assert len(sql("SELECT DISTINCT spec_id FROM @events.files")) >= 3
        assert sql("SELECT kind FROM events WHERE id = 5") == [("e",)]

    def test_write_order_and_identifier(self, sql):
        sql("CREATE TABLE t (id BIGINT NOT NULL, kind STRING) USING iceberg")
        sql("ALTER TABLE t SET IDENTIFIER FIELDS id")
        sql("ALTER TABLE t WRITE DISTRIBUTED BY PARTITION LOCALLY ORDERED BY kind DESC NULLS LAST, id")
        sql("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
        properties = dict(sql("SHOW TBLPROPERTIES t"))
        assert properties["identifier-fields"] == "[id]"
        assert "kind DESC NULLS LAST" in properties["sort-order"]
        sql("ALTER TABLE t WRITE UNORDERED")
        sql("ALTER TABLE t DROP IDENTIFIER FIELDS id")
        assert "identifier-fields" not in dict(sql("SHOW TBLPROPERTIES t"))

    def test_rename(self, sql, events):
        sql(f"ALTER TABLE events RENAME TO {sql.namespace}.moved")
        assert sql("SELECT count(*) FROM moved") == [(3,)]
        assert [t for _, t, _ in sql("SHOW TABLES")] == ["moved"]

    def test_drop_purge(self, sql, events, server):
        (location,) = [v for k, v, _ in sql("DESCRIBE TABLE EXTENDED events") if k == "Location"]
        assert server.store.names(location)
        sql("DROP TABLE events PURGE")
        assert [n for n in server.store.names(location) if n.endswith(".parquet")] == []
        sql("CREATE TABLE events (id INT) USING iceberg")


class TestWrites:
    def test_insert_overwrite(self, sql):
        sql("CREATE TABLE t (id INT, part STRING) USING iceberg PARTITIONED BY (part)")
        sql("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
        sql("INSERT OVERWRITE t PARTITION (part = 'a') SELECT 9")
        assert sql("SELECT * FROM t ORDER BY id") == [(2, "b"), (9, "a")]
        sql("TRUNCATE TABLE t")
        assert sql("SELECT * FROM t") == []

    @pytest.mark.parametrize("mode", MODES)
    def test_row_level(self, sql, mode):
        sql(
            "CREATE TABLE t (id BIGINT, kind STRING) USING iceberg TBLPROPERTIES ('format-version' = '2', "
            f"'write.delete.mode' = '{mode}', 'write.update.mode' = '{mode}', 'write.merge.mode' = '{mode}')"
        )
        sql("INSERT INTO t SELECT id, 'old' FROM range(20)")
        sql("DELETE FROM t WHERE id % 5 = 0")
        sql("UPDATE t SET kind = 'even' WHERE id % 2 = 0")
        sql(
            "MERGE INTO t USING (SELECT * FROM VALUES (1, 'x'), (2, 'delete'), (100, 'new') AS s(id, kind)) s "
            "ON t.id = s.id WHEN MATCHED AND s.kind = 'delete' THEN DELETE "
            "WHEN MATCHED THEN UPDATE SET kind = s.kind WHEN NOT MATCHED THEN INSERT *"
        )
        expected = {i: "even" if i % 2 == 0 else "old" for i in range(20) if i % 5}
        expected.update({1: "x", 100: "new"})
        del expected[2]
        assert dict(sql("SELECT id, kind FROM t")) == expected
        deletes = sql("SELECT count(*) FROM @t.all_delete_files")[0][0]
        assert (deletes > 0) == (mode == "merge-on-read")

    def test_ctas_and_rtas(self, sql, events):
        sql("CREATE TABLE copy USING iceberg PARTITIONED BY (kind) AS SELECT * FROM events")
        assert sql("SELECT sum(id) FROM copy") == [(6,)]
        sql("REPLACE TABLE copy USING iceberg AS SELECT id * 10 AS ten FROM events")
        assert sql("SELECT ten FROM copy ORDER BY ten") == [(10,), (20,), (30,)]
        sql("CREATE OR REPLACE TABLE copy USING iceberg AS SELECT kind FROM events WHERE id = 1")
        assert sql("SELECT * FROM copy") == [("a",)]
        assert len(snapshot_ids(sql, "copy")) == 3
        sql("CREATE OR REPLACE TABLE brand_new USING iceberg AS SELECT 1 AS one")
        assert sql("SELECT * FROM brand_new") == [(1,)]

    def test_failed_ctas_leaves_nothing(self, sql, events):
        with pytest.raises(Py4JJavaError):
            sql("CREATE TABLE bad USING iceberg AS SELECT raise_error('no') AS x FROM events")
        assert [t for _, t, _ in sql("SHOW TABLES")] == ["events"]
        sql("CREATE TABLE bad USING iceberg AS SELECT 1 AS x")

    def test_dataframe_writer(self, sql, session):
        frame = session.createDataFrame([(1, "a"), (2, "b")], "id INT, kind STRING")
        frames = f"{sql.catalog}.{sql.namespace}.frames"
        frame.writeTo(frames).using("iceberg").tableProperty("k", "v").create()
        frame.writeTo(frames).append()
        frame.limit(1).writeTo(frames).overwritePartitions()
        frame.writeTo(frames).option("snapshot-property.job", "nightly").append()
        assert sql("SELECT count(*) FROM frames") == [(3,)]
        assert "nightly" in str(sql("SELECT summary FROM @frames.snapshots"))


class TestHistory:
    def test_time_travel(self, sql, events):
        first, second = snapshot_ids(sql, events)
        assert sql(f"SELECT count(*) FROM events VERSION AS OF {first}") == [(2,)]
        ((at,),) = sql(
            f"SELECT date_format(committed_at, 'yyyy-MM-dd HH:mm:ss.SSS') FROM @events.snapshots WHERE snapshot_id = {second}"
        )
        assert sql(f"SELECT count(*) FROM events TIMESTAMP AS OF '{at}'") == [(3,)]
        with pytest.raises(Exception, match="(?i)cannot find|older than"):
            sql("SELECT * FROM events TIMESTAMP AS OF '2001-01-01 00:00:00'")

    def test_metadata_tables(self, sql, events):
        counts = {
            "history": 2,
            "snapshots": 2,
            "files": 2,
            "entries": 2,
            "manifests": 2,
            "refs": 1,
            "metadata_log_entries": 3,
            "partitions": 1,
            "all_data_files": 2,
            "all_manifests": 3,
        }
        for name, count in counts.items():
            assert (name, sql(f"SELECT count(*) FROM @events.{name}")) == (name, [(count,)])

    def test_branches_and_tags(self, sql, events):
        first, _ = snapshot_ids(sql, events)
        sql(f"ALTER TABLE events CREATE TAG v1 AS OF VERSION {first} RETAIN 30 DAYS")
        sql("ALTER TABLE events CREATE BRANCH audit RETAIN 7 DAYS WITH SNAPSHOT RETENTION 2 SNAPSHOTS 3 DAYS")
        sql("INSERT INTO @events.branch_audit VALUES (4, 'd')")
        assert sql("SELECT count(*) FROM events") == [(3,)]
        assert sql("SELECT count(*) FROM events VERSION AS OF 'audit'") == [(4,)]
        assert sql("SELECT count(*) FROM @events.tag_v1") == [(2,)]
        refs = {r["name"]: r for r in sql.dicts("SELECT * FROM @events.refs")}
        assert refs["v1"]["max_reference_age_in_ms"] == 30 * 86_400_000
        assert refs["audit"]["min_snapshots_to_keep"] == 2
        sql("ALTER TABLE events REPLACE BRANCH audit RETAIN 1 DAYS")
        sql("ALTER TABLE events CREATE OR REPLACE TAG v1")
        sql("ALTER TABLE events DROP BRANCH audit")
        sql("ALTER TABLE events DROP TAG v1")
        sql("ALTER TABLE events DROP TAG IF EXISTS v1")
        assert [n for (n,) in sql("SELECT name FROM @events.refs")] == ["main"]

    def test_write_audit_publish_by_branch(self, sql, events):
        sql("ALTER TABLE events SET TBLPROPERTIES ('write.wap.enabled' = 'true')")
        sql("ALTER TABLE events CREATE BRANCH etl")
        sql("SET spark.wap.branch = etl")
        try:
            sql("INSERT INTO events VALUES (4, 'd')")
            sql("DELETE FROM events WHERE id = 1")
            assert sql("SELECT count(*) FROM events") == [(3,)]
        finally:
            sql.session.conf.unset("spark.wap.branch")
        assert sql("SELECT sum(id) FROM events") == [(6,)]
        sql.call("fast_forward", f"'{sql.namespace}.events', 'main', 'etl'")
        assert sql("SELECT sum(id) FROM events") == [(9,)]

    def test_write_audit_publish_by_id(self, sql, events):
        sql("ALTER TABLE events SET TBLPROPERTIES ('write.wap.enabled' = 'true')")
        sql("SET spark.wap.id = w1")
        try:
            sql("INSERT INTO events VALUES (4, 'd')")
        finally:
            sql.session.conf.unset("spark.wap.id")
        assert sql("SELECT count(*) FROM events") == [(3,)]
        sql.call("publish_changes", f"'{sql.namespace}.events', 'w1'")
        assert sql("SELECT count(*) FROM events") == [(4,)]


class TestViews:
    def test_create_replace_drop(self, sql, events):
        sql("CREATE VIEW small (number COMMENT 'the id') COMMENT 'few' AS SELECT id FROM events WHERE id < 3")
        assert sql("SELECT number FROM small ORDER BY number") == [(1,), (2,)]
        assert [v for _, v, _ in sql("SHOW VIEWS")] == ["small"]
        assert [t for _, t, _ in sql("SHOW TABLES")] == ["events"]
        sql("CREATE OR REPLACE VIEW small AS SELECT count(*) AS n FROM events")
        assert sql("SELECT n FROM small") == [(3,)]
        sql("ALTER VIEW small SET TBLPROPERTIES ('k' = 'v')")
        assert ("k", "v") in sql("SHOW TBLPROPERTIES small")
        sql("ALTER VIEW small UNSET TBLPROPERTIES ('k')")
        sql("ALTER VIEW small RENAME TO tiny")
        assert sql("SELECT n FROM tiny") == [(3,)]
        assert "count" in str(sql("SHOW CREATE TABLE tiny"))
        with pytest.raises(AnalysisException, match="(?i)already exists"):
            sql("CREATE VIEW tiny AS SELECT 1 AS x")
        sql("DROP VIEW tiny")
        assert sql("SHOW VIEWS") == []

    def test_names_are_shared_with_tables(self, sql, events):
        with pytest.raises(Exception, match="(?i)already exists"):
            sql("CREATE VIEW events AS SELECT 1 AS x")


class TestVersion3:
    @pytest.fixture
    def table(self, sql):
        sql(
            "CREATE TABLE t (id BIGINT, kind STRING) USING iceberg TBLPROPERTIES ('format-version' = '3', "
            "'write.delete.mode' = 'merge-on-read', 'write.update.mode' = 'merge-on-read', "
            "'write.merge.mode' = 'merge-on-read')"
        )
        sql("INSERT INTO t SELECT id, 'old' FROM range(10)")
        return "t"

    def test_row_lineage(self, sql, table):
        before = dict(sql("SELECT id, _row_id FROM t"))
        assert sorted(before.values()) == list(range(10))
        sql("UPDATE t SET kind = 'new' WHERE id = 3")
        sql("INSERT INTO t VALUES (10, 'late')")
        after = dict(sql("SELECT id, _row_id FROM t"))
        assert {i: r for i, r in after.items() if i < 10} == before
        assert after[10] > max(before.values())
        assert sql("SELECT _last_updated_sequence_number FROM t WHERE id = 3") == [(2,)]

    def test_deletion_vectors(self, sql, table):
        sql("DELETE FROM t WHERE id = 1")
        sql("DELETE FROM t WHERE id = 2")
        assert sql("SELECT count(*) FROM t") == [(8,)]
        assert {f for (f,) in sql("SELECT file_format FROM @t.delete_files")} == {"PUFFIN"}

    def test_upgrade_from_2(self, sql, events):
        sql("ALTER TABLE events SET TBLPROPERTIES ('format-version' = '3')")
        sql("INSERT INTO events VALUES (4, 'd')")
        assert sql("SELECT count(*) FROM events") == [(4,)]
        assert dict(sql("SHOW TBLPROPERTIES events"))["format-version"] == "3"
        sql("MERGE INTO events USING (SELECT 4 AS id) s ON events.id = s.id WHEN MATCHED THEN DELETE")
        assert sql("SELECT sum(id) FROM events") == [(6,)]

    def test_variant(self, sql):
        sql("CREATE TABLE v (id INT, payload VARIANT) USING iceberg TBLPROPERTIES ('format-version' = '3')")
        sql("""INSERT INTO v SELECT 1, parse_json('{"a": {"b": 7}}')""")
        assert sql("SELECT variant_get(payload, '$.a.b', 'int') FROM v") == [(7,)]


class TestProcedures:
    def test_snapshots(self, sql, events):
        first, second = snapshot_ids(sql, events)
        table = f"'{sql.namespace}.events'"
        assert sql.call("rollback_to_snapshot", f"{table}, {first}") == [(second, first)]
        assert sql("SELECT count(*) FROM events") == [(2,)]
        sql.call("set_current_snapshot", f"{table}, {second}")
        assert sql("SELECT count(*) FROM events") == [(3,)]
        assert len(sql.call("ancestors_of", table)) == 2
        sql.call("rollback_to_snapshot", f"{table}, {first}")
        sql.call("cherrypick_snapshot", f"{table}, {second}")
        assert sql("SELECT count(*) FROM events") == [(3,)]

    def test_expire_snapshots(self, sql, events):
        sql("INSERT OVERWRITE events VALUES (9, 'z')")
        (result,) = sql.dicts(
            f"CALL {sql.catalog}.system.expire_snapshots(table => '{sql.namespace}.events', "
            "older_than => TIMESTAMP '2100-01-01 00:00:00', retain_last => 1)"
        )
        assert result["deleted_data_files_count"] == 2
        assert len(snapshot_ids(sql, events)) == 1
        assert sql("SELECT * FROM events") == [(9, "z")]

    def test_rewrite_data_files(self, sql, events):
        table = f"table => '{sql.namespace}.events'"
        for i in range(4, 8):
            sql(f"INSERT INTO events VALUES ({i}, 'x')")
        (result,) = sql.dicts(
            f"CALL {sql.catalog}.system.rewrite_data_files({table}, options => map('min-input-files', '2'))"
        )
        assert result["rewritten_data_files_count"] >= 6
        assert sql("SELECT count(*) FROM @events.files") == [(1,)]
        assert sql("SELECT count(*), sum(id) FROM events") == [(7, 28)]
        sql.call(
            "rewrite_data_files",
            f"{table}, strategy => 'sort', sort_order => 'id DESC', options => map('rewrite-all', 'true')",
        )
        assert sql("SELECT count(*), sum(id) FROM events") == [(7, 28)]

    def test_rewrite_manifests(self, sql, events):
        sql.call("rewrite_manifests", f"'{sql.namespace}.events'")
        assert sql("SELECT count(*) FROM @events.manifests") == [(1,)]
        assert sql("SELECT count(*) FROM events") == [(3,)]

    def test_rewrite_position_deletes(self, sql):
        sql(
            "CREATE TABLE t (id BIGINT) USING iceberg TBLPROPERTIES ('write.delete.mode' = 'merge-on-read', "
            "'write.delete.granularity' = 'partition', 'format-version' = '2')"
        )
        sql("INSERT INTO t SELECT id FROM range(100)")
        for i in range(3):
            sql(f"DELETE FROM t WHERE id = {i}")
        sql.call(
            "rewrite_position_delete_files",
            f"table => '{sql.namespace}.t', options => map('rewrite-all', 'true')",
        )
        assert sql("SELECT count(*) FROM @t.delete_files") == [(1,)]
        assert sql("SELECT count(*) FROM t") == [(97,)]

    def test_remove_orphan_files(self, sql, events, server):
        (location,) = [v for k, v, _ in sql("DESCRIBE TABLE EXTENDED events") if k == "Location"]
        before = len(server.store.names(location))
        orphans = sql.call(
            "remove_orphan_files",
            f"table => '{sql.namespace}.events', dry_run => true, older_than => TIMESTAMP '2020-01-01 00:00:00', "
            f"prefix_listing => {'true' if server.store.scheme == 's3' else 'false'}",
        )
        assert orphans == []
        assert len(server.store.names(location)) == before

    def test_register(self, sql, events):
        ((metadata,),) = sql("SELECT file FROM @events.metadata_log_entries ORDER BY timestamp DESC LIMIT 1")
        sql("DROP TABLE events")
        sql.call("register_table", f"table => '{sql.namespace}.again', metadata_file => '{metadata}'")
        assert sql("SELECT count(*) FROM again") == [(3,)]

    def test_statistics(self, sql, events):
        sql.call("compute_table_stats", f"table => '{sql.namespace}.events'")
        ((file,),) = sql.call(
            "compute_table_stats", f"table => '{sql.namespace}.events', columns => array('id')"
        )
        assert file.endswith(".stats")

    def test_changelog(self, sql, events, session):
        sql.call("create_changelog_view", f"table => '{sql.namespace}.events', changelog_view => 'changes'")
        changes = sql("SELECT _change_type, count(*) FROM changes GROUP BY 1")
        session.catalog.dropTempView("changes")
        assert changes == [("INSERT", 3)]
