"""PyIceberg against the server: every operation its catalog and table interfaces offer."""

import datetime
import decimal
import threading
import uuid

import pyarrow as pa
import pytest
from conftest import python_catalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NamespaceNotEmptyError,
    NoSuchNamespaceError,
    NoSuchTableError,
    NoSuchViewError,
    TableAlreadyExistsError,
)
from pyiceberg.expressions import EqualTo, GreaterThanOrEqual
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.sorting import NullOrder, SortDirection, SortField, SortOrder
from pyiceberg.table.statistics import BlobMetadata, StatisticsFile
from pyiceberg.transforms import BucketTransform, DayTransform, IdentityTransform
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FixedType,
    FloatType,
    IntegerType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
    TimeType,
    UUIDType,
)
from pyiceberg.view.metadata import SQLViewRepresentation, ViewVersion

PEOPLE = Schema(
    NestedField(1, "id", LongType(), required=True),
    NestedField(2, "name", StringType()),
    NestedField(3, "seen", TimestampType()),
    identifier_field_ids=[1],
)
ARROW_PEOPLE = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("name", pa.string()),
        pa.field("seen", pa.timestamp("us")),
    ]
)


def people(*rows):
    day = datetime.datetime(2026, 3, 1)
    return pa.Table.from_pylist(
        [{"id": i, "name": name, "seen": day + datetime.timedelta(days=i)} for i, name in rows],
        schema=ARROW_PEOPLE,
    )


def rows(scan):
    return sorted((row["id"], row["name"]) for row in scan.to_arrow().to_pylist())


@pytest.fixture
def table(catalog, namespace):
    created = catalog.create_table((namespace, "people"), PEOPLE)
    created.append(people((1, "ada"), (2, "bob")))
    return created


class TestNamespaces:
    def test_properties(self, catalog, namespace):
        catalog.update_namespace_properties(namespace, updates={"owner": "ada", "team": "é"})
        summary = catalog.update_namespace_properties(namespace, removals={"owner", "absent"})
        assert summary.removed == ["owner"]
        assert summary.missing == ["absent"]
        properties = catalog.load_namespace_properties(namespace)
        assert properties["team"] == "é"
        assert "owner" not in properties

    def test_nested(self, catalog, namespace):
        child, grandchild = (namespace, "child"), (namespace, "child", "grand child")
        catalog.create_namespace(child)
        catalog.create_namespace(grandchild, {"depth": "3"})
        assert catalog.list_namespaces(namespace) == [child]
        assert catalog.list_namespaces(child) == [grandchild]
        assert (namespace,) in catalog.list_namespaces()
        assert child not in catalog.list_namespaces()
        catalog.create_table((*grandchild, "deep"), PEOPLE)
        assert catalog.list_tables(grandchild) == [(*grandchild, "deep")]
        with pytest.raises(NamespaceNotEmptyError):
            catalog.drop_namespace(child)
        with pytest.raises(NamespaceNotEmptyError):
            catalog.drop_namespace(grandchild)
        catalog.drop_table((*grandchild, "deep"))
        catalog.drop_namespace(grandchild)
        catalog.drop_namespace(child)
        assert catalog.list_namespaces(namespace) == []

    def test_errors(self, catalog, namespace):
        with pytest.raises(NamespaceAlreadyExistsError):
            catalog.create_namespace(namespace)
        catalog.create_namespace_if_not_exists(namespace)
        assert catalog.namespace_exists(namespace)
        assert not catalog.namespace_exists("absent")
        with pytest.raises(NoSuchNamespaceError):
            catalog.load_namespace_properties("absent")
        with pytest.raises(NoSuchNamespaceError):
            catalog.drop_namespace("absent")
        with pytest.raises(NoSuchNamespaceError):
            catalog.list_tables("absent")
        with pytest.raises(NoSuchNamespaceError):
            catalog.create_table(("absent", "t"), PEOPLE)


class TestTables:
    def test_create_load_list(self, catalog, namespace, server):
        created = catalog.create_table((namespace, "t"), PEOPLE, properties={"color": "blue"})
        loaded = catalog.load_table((namespace, "t"))
        assert loaded.metadata == created.metadata
        assert loaded.metadata_location == created.metadata_location
        assert loaded.properties["color"] == "blue"
        assert loaded.schema().identifier_field_names() == {"id"}
        assert loaded.location().startswith(server.store.location)
        assert loaded.current_snapshot() is None
        assert catalog.list_tables(namespace) == [(namespace, "t")]
        assert catalog.table_exists((namespace, "t"))

    @pytest.mark.parametrize("name", ["two words", "a.b", "ünï", "100%", "plus+minus", "quote'\"q", "#?&="])
    def test_names(self, catalog, namespace, name):
        identifier = (namespace, name)
        catalog.create_table(identifier, PEOPLE).append(people((7, name)))
        assert catalog.list_tables(namespace) == [identifier]
        assert rows(catalog.load_table(identifier).scan()) == [(7, name)]
        catalog.drop_table(identifier)
        assert not catalog.table_exists(identifier)

    def test_errors(self, catalog, namespace, table):
        with pytest.raises(TableAlreadyExistsError):
            catalog.create_table((namespace, "people"), PEOPLE)
        assert catalog.create_table_if_not_exists((namespace, "people"), PEOPLE).metadata.table_uuid == (
            table.metadata.table_uuid
        )
        for operation in (catalog.load_table, catalog.drop_table):
            with pytest.raises(NoSuchTableError):
                operation((namespace, "absent"))
        with pytest.raises(NoSuchTableError):
            catalog.rename_table((namespace, "absent"), (namespace, "x"))

    def test_every_type(self, catalog, namespace):
        schema = Schema(
            NestedField(1, "boolean", BooleanType()),
            NestedField(2, "integer", IntegerType()),
            NestedField(3, "long", LongType()),
            NestedField(4, "float", FloatType()),
            NestedField(5, "double", DoubleType()),
            NestedField(6, "decimal", DecimalType(38, 9)),
            NestedField(7, "date", DateType()),
            NestedField(8, "time", TimeType()),
            NestedField(9, "timestamp", TimestampType()),
            NestedField(10, "timestamptz", TimestamptzType()),
            NestedField(11, "string", StringType(), doc="any text"),
            NestedField(12, "uuid", UUIDType()),
            NestedField(13, "fixed", FixedType(4)),
            NestedField(14, "binary", BinaryType()),
            NestedField(15, "list", ListType(16, StringType(), element_required=False)),
            NestedField(17, "map", MapType(18, StringType(), 19, LongType(), value_required=False)),
            NestedField(
                20,
                "struct",
                StructType(
                    NestedField(21, "x", DoubleType()), NestedField(22, "y", ListType(23, LongType(), False))
                ),
            ),
        )
        catalog.create_table((namespace, "types"), schema)
        loaded = catalog.load_table((namespace, "types"))
        assert [f.name for f in loaded.schema().fields] == [f.name for f in schema.fields]
        assert loaded.schema().find_field("string").doc == "any text"
        assert loaded.schema().highest_field_id == 23
        now = datetime.datetime(2026, 1, 2, 3, 4, 5, 678901)
        row = {
            "boolean": True,
            "integer": -(2**31),
            "long": 2**63 - 1,
            "float": 1.5,
            "double": 1e300,
            "decimal": decimal.Decimal("-12345678901234567890.123456789"),
            "date": now.date(),
            "time": now.time(),
            "timestamp": now,
            "timestamptz": now.replace(tzinfo=datetime.UTC),
            "string": "snow \u2744 \U0001f9ca",
            "uuid": uuid.UUID(int=2**100).bytes,
            "fixed": b"\0\1\2\3",
            "binary": b"\xff\0",
            "list": ["a", None],
            "map": [("k", 1), ("l", None)],
            "struct": {"x": -0.5, "y": [2**62]},
        }
        loaded.append(pa.Table.from_pylist([row], schema=loaded.schema().as_arrow()))
        (read,) = catalog.load_table((namespace, "types")).scan().to_arrow().to_pylist()
        read["uuid"] = uuid.UUID(int=2**100).bytes if read["uuid"] == uuid.UUID(int=2**100) else read["uuid"]
        assert read == row

    def test_rename(self, catalog, namespace, table):
        other = namespace + "_other"
        catalog.create_namespace(other)
        moved = catalog.rename_table((namespace, "people"), (other, "folk"))
        assert moved.metadata.table_uuid == table.metadata.table_uuid
        assert rows(moved.scan()) == [(1, "ada"), (2, "bob")]
        assert not catalog.table_exists((namespace, "people"))
        catalog.create_table((namespace, "people"), PEOPLE)
        with pytest.raises(TableAlreadyExistsError):
            catalog.rename_table((other, "folk"), (namespace, "people"))
        with pytest.raises(NoSuchNamespaceError):
            catalog.rename_table((other, "folk"), ("absent", "folk"))

    def test_drop_keeps_files_and_register_brings_back(self, catalog, namespace, table, server):
        files = set(server.store.names(table.location()))
        catalog.drop_table((namespace, "people"))
        assert set(server.store.names(table.location())) == files
        again = catalog.register_table((namespace, "back"), table.metadata_location)
        assert again.metadata.table_uuid == table.metadata.table_uuid
        assert rows(again.scan()) == [(1, "ada"), (2, "bob")]
        again.append(people((3, "cyd")))
        assert rows(catalog.load_table((namespace, "back")).scan()) == [(1, "ada"), (2, "bob"), (3, "cyd")]
        with pytest.raises(TableAlreadyExistsError):
            catalog.register_table((namespace, "back"), table.metadata_location)

    def test_purge(self, catalog, namespace, table):
        catalog.purge_table((namespace, "people"))
        assert not catalog.table_exists((namespace, "people"))
        catalog.create_table((namespace, "people"), PEOPLE)

    def test_properties(self, catalog, namespace, table):
        with table.transaction() as transaction:
            transaction.set_properties({"a": "1", "b": "2"})
        with table.transaction() as transaction:
            transaction.remove_properties("a")
        properties = catalog.load_table((namespace, "people")).properties
        assert properties["b"] == "2"
        assert "a" not in properties

    def test_format_upgrade(self, catalog, namespace):
        table = catalog.create_table((namespace, "old"), PEOPLE, properties={"format-version": "1"})
        assert table.format_version == 1
        table.append(people((1, "ada")))
        with table.transaction() as transaction:
            transaction.upgrade_table_version(2)
        table = catalog.load_table((namespace, "old"))
        assert table.format_version == 2
        table.append(people((2, "bob")))
        assert rows(table.scan()) == [(1, "ada"), (2, "bob")]
        assert table.last_sequence_number == 1


class TestWrites:
    def test_append(self, catalog, namespace, table):
        table.append(people((3, "cyd")), snapshot_properties={"job": "nightly"})
        loaded = catalog.load_table((namespace, "people"))
        assert rows(loaded.scan()) == [(1, "ada"), (2, "bob"), (3, "cyd")]
        assert loaded.current_snapshot().summary["job"] == "nightly"
        assert loaded.last_sequence_number == 2
        assert [s.sequence_number for s in loaded.snapshots()] == [1, 2]
        assert [entry.snapshot_id for entry in loaded.history()] == [
            s.snapshot_id for s in loaded.snapshots()
        ]
        assert loaded.current_snapshot().parent_snapshot_id == loaded.snapshots()[0].snapshot_id

    def test_scan_filter_and_time_travel(self, table):
        first = table.current_snapshot().snapshot_id
        table.append(people((3, "cyd")))
        assert rows(table.scan(GreaterThanOrEqual("id", 2))) == [(2, "bob"), (3, "cyd")]
        assert rows(table.scan(snapshot_id=first)) == [(1, "ada"), (2, "bob")]
        assert table.scan(selected_fields=("name",)).to_arrow().column_names == ["name"]

    def test_overwrite(self, catalog, namespace, table):
        table.overwrite(people((2, "BOB"), (4, "dee")), overwrite_filter=EqualTo("id", 2))
        assert rows(catalog.load_table((namespace, "people")).scan()) == [(1, "ada"), (2, "BOB"), (4, "dee")]
        table.overwrite(people((9, "zoe")))
        assert rows(catalog.load_table((namespace, "people")).scan()) == [(9, "zoe")]

    def test_delete(self, catalog, namespace, table):
        table.delete("id = 1")
        assert rows(catalog.load_table((namespace, "people")).scan()) == [(2, "bob")]
        table.delete()
        assert rows(catalog.load_table((namespace, "people")).scan()) == []

    def test_upsert(self, catalog, namespace, table):
        result = table.upsert(people((2, "BOB"), (3, "cyd")))
        assert (result.rows_updated, result.rows_inserted) == (1, 1)
        assert rows(catalog.load_table((namespace, "people")).scan()) == [(1, "ada"), (2, "BOB"), (3, "cyd")]

    def test_dynamic_partition_overwrite(self, catalog, namespace):
        spec = PartitionSpec(PartitionField(2, 1000, IdentityTransform(), "name"))
        table = catalog.create_table((namespace, "parts"), PEOPLE, partition_spec=spec)
        table.append(people((1, "ada"), (2, "bob")))
        table.dynamic_partition_overwrite(people((5, "bob")))
        assert rows(catalog.load_table((namespace, "parts")).scan()) == [(1, "ada"), (5, "bob")]

    def test_add_files(self, catalog, namespace, table):
        source = [task.file.file_path for task in table.scan().plan_files()]
        other = catalog.create_table((namespace, "adopted"), PEOPLE)
        copied = other.location() + "/data/copied.parquet"
        with table.io.new_input(source[0]).open() as read, other.io.new_output(copied).create() as written:
            written.write(read.read())
        other.add_files([copied])
        assert rows(catalog.load_table((namespace, "adopted")).scan()) == [(1, "ada"), (2, "bob")]

    def test_transaction_of_several_updates(self, catalog, namespace, table):
        before = table.metadata_location
        with table.transaction() as transaction:
            transaction.set_properties({"k": "v"})
            with transaction.update_schema() as update:
                update.add_column("age", IntegerType())
            transaction.append(people((3, "cyd")))
        loaded = catalog.load_table((namespace, "people"))
        assert loaded.properties["k"] == "v"
        assert "age" in loaded.schema().column_names
        assert len(rows(loaded.scan())) == 3
        assert loaded.metadata.metadata_log[-1].metadata_file == before

    def test_staged_create(self, catalog, namespace):
        with catalog.create_table_transaction((namespace, "staged"), PEOPLE) as transaction:
            transaction.append(people((1, "ada")))
            assert not catalog.table_exists((namespace, "staged"))
        assert rows(catalog.load_table((namespace, "staged")).scan()) == [(1, "ada")]


class TestEvolution:
    def test_schema(self, catalog, namespace, table):
        with table.update_schema(allow_incompatible_changes=True) as update:
            update.add_column("age", IntegerType(), doc="in years")
            update.add_column("home", StructType(NestedField(1, "city", StringType())))
        with table.update_schema() as update:
            update.add_column(("home", "zip"), StringType())
            update.rename_column("name", "full_name")
            update.update_column("age", LongType())
            update.move_first("age")
        loaded = catalog.load_table((namespace, "people"))
        assert [f.name for f in loaded.schema().fields] == ["age", "id", "full_name", "seen", "home"]
        assert isinstance(loaded.schema().find_type("age"), LongType)
        assert loaded.metadata.last_column_id == 7
        assert sorted(r["full_name"] for r in loaded.scan().to_arrow().to_pylist()) == ["ada", "bob"]
        with table.update_schema(allow_incompatible_changes=True) as update:
            update.delete_column("home")
        loaded = catalog.load_table((namespace, "people"))
        assert "home" not in loaded.schema().column_names
        assert loaded.metadata.last_column_id == 7
        assert len(loaded.schemas()) == 4

    def test_partitions(self, catalog, namespace, table):
        with table.update_spec() as update:
            update.add_field("seen", DayTransform(), "day")
            update.add_field("id", BucketTransform(4), "shard")
        table.append(people((3, "cyd"), (4, "dee")))
        with table.update_spec() as update:
            update.remove_field("shard")
            update.rename_field("day", "on")
        table.append(people((5, "eve")))
        loaded = catalog.load_table((namespace, "people"))
        assert [f.name for f in loaded.spec().fields] == ["on"]
        assert loaded.last_partition_id() == 1001
        assert len(loaded.specs()) == 3
        assert len(rows(loaded.scan())) == 5
        assert rows(loaded.scan("seen >= '2026-03-05T00:00:00'")) == [(4, "dee"), (5, "eve")]

    def test_sort_order(self, catalog, namespace, table):
        with table.update_sort_order() as update:
            update.asc("name", IdentityTransform(), NullOrder.NULLS_LAST)
        loaded = catalog.load_table((namespace, "people"))
        assert loaded.sort_order().fields[0].source_id == 2
        order = SortOrder(SortField(1, IdentityTransform(), SortDirection.DESC, NullOrder.NULLS_LAST))
        created = catalog.create_table((namespace, "sorted"), PEOPLE, sort_order=order)
        assert created.sort_order().fields[0].direction == SortDirection.DESC


class TestSnapshots:
    def test_branches_and_tags(self, catalog, namespace, table):
        first = table.current_snapshot().snapshot_id
        table.manage_snapshots().create_tag(first, "v1", max_ref_age_ms=86_400_000).commit()
        table.manage_snapshots().create_branch(
            first, "audit", max_snapshot_age_ms=1000, min_snapshots_to_keep=2
        ).commit()
        loaded = catalog.load_table((namespace, "people"))
        assert set(loaded.refs()) == {"main", "v1", "audit"}
        assert loaded.refs()["v1"].max_ref_age_ms == 86_400_000
        assert loaded.refs()["audit"].min_snapshots_to_keep == 2
        loaded.append(people((3, "cyd")), branch="audit")
        loaded = catalog.load_table((namespace, "people"))
        assert loaded.current_snapshot().snapshot_id == first
        assert rows(loaded.scan().use_ref("audit")) == [(1, "ada"), (2, "bob"), (3, "cyd")]
        assert rows(loaded.scan().use_ref("v1")) == [(1, "ada"), (2, "bob")]
        loaded.manage_snapshots().remove_branch("audit").remove_tag("v1").commit()
        assert set(catalog.load_table((namespace, "people")).refs()) == {"main"}

    def test_rollback(self, catalog, namespace, table):
        first = table.current_snapshot().snapshot_id
        table.append(people((3, "cyd")))
        table.manage_snapshots().rollback_to_snapshot(first).commit()
        loaded = catalog.load_table((namespace, "people"))
        assert rows(loaded.scan()) == [(1, "ada"), (2, "bob")]
        assert loaded.last_sequence_number == 2
        loaded.append(people((4, "dee")))
        assert catalog.load_table((namespace, "people")).last_sequence_number == 3

    def test_expire(self, catalog, namespace, table):
        first = table.current_snapshot().snapshot_id
        table.append(people((3, "cyd")))
        table.maintenance.expire_snapshots().by_id(first).commit()
        loaded = catalog.load_table((namespace, "people"))
        assert [s.snapshot_id for s in loaded.snapshots()] == [table.current_snapshot().snapshot_id]
        assert len(rows(loaded.scan())) == 3

    def test_statistics(self, catalog, namespace, table):
        snapshot = table.current_snapshot()
        statistics = StatisticsFile(
            snapshot_id=snapshot.snapshot_id,
            statistics_path=table.location() + "/metadata/stats.puffin",
            file_size_in_bytes=413,
            file_footer_size_in_bytes=42,
            blob_metadata=[
                BlobMetadata(
                    type="apache-datasketches-theta-v1",
                    snapshot_id=snapshot.snapshot_id,
                    sequence_number=snapshot.sequence_number,
                    fields=[1],
                    properties={"ndv": "2"},
                )
            ],
        )
        with table.update_statistics() as update:
            update.set_statistics(statistics)
        assert catalog.load_table((namespace, "people")).metadata.statistics == [statistics]
        with table.update_statistics() as update:
            update.remove_statistics(snapshot.snapshot_id)
        assert catalog.load_table((namespace, "people")).metadata.statistics == []


class TestConcurrency:
    def test_stale_writer_is_refused(self, server, catalog, namespace, table):
        """Two handles change the schema; the second one's view of it is out of date."""
        stale = python_catalog(server).load_table((namespace, "people"))
        with table.update_schema() as update:
            update.add_column("age", IntegerType())
        with pytest.raises(CommitFailedException), stale.update_schema() as update:
            update.add_column("height", IntegerType())
        assert "height" not in catalog.load_table((namespace, "people")).schema().column_names

    def test_parallel_appends_lose_nothing(self, server, catalog, namespace, table):
        acknowledged, refused = [], []

        def write(writer):
            mine = python_catalog(server).load_table((namespace, "people"))
            for turn in range(4):
                number = 100 * writer + turn
                try:
                    mine.refresh().append(people((number, "w")))
                    acknowledged.append(number)
                except CommitFailedException:
                    refused.append(number)

        writers = [threading.Thread(target=write, args=(n,)) for n in range(1, 5)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert len(acknowledged) + len(refused) == 16
        loaded = catalog.load_table((namespace, "people"))
        written = sorted(i for i, name in rows(loaded.scan()) if name == "w")
        assert written == sorted(acknowledged)
        assert loaded.last_sequence_number == 1 + len(acknowledged)


class TestViews:
    def make(self, catalog, namespace, name):
        version = ViewVersion(
            version_id=1,
            schema_id=0,
            timestamp_ms=1_700_000_000_000,
            summary={"engine": "test"},
            representations=[SQLViewRepresentation(type="sql", sql="SELECT 1 AS id", dialect="spark")],
            default_namespace=[namespace],
        )
        schema = Schema(NestedField(1, "id", LongType()))
        return catalog.create_view((namespace, name), schema, version, properties={"comment": "one"})

    def test_create_load_list_drop(self, catalog, namespace):
        created = self.make(catalog, namespace, "v")
        loaded = catalog.load_view((namespace, "v"))
        assert loaded.metadata == created.metadata
        assert loaded.metadata.properties["comment"] == "one"
        assert catalog.list_views(namespace) == [(namespace, "v")]
        assert catalog.list_tables(namespace) == []
        assert catalog.view_exists((namespace, "v"))
        catalog.drop_view((namespace, "v"))
        assert not catalog.view_exists((namespace, "v"))
        with pytest.raises(NoSuchViewError):
            catalog.drop_view((namespace, "v"))

    def test_register(self, catalog, namespace, server):
        created = self.make(catalog, namespace, "v")
        (file,) = [n for n in server.store.names(created.metadata.location) if n.endswith(".metadata.json")]
        catalog.drop_view((namespace, "v"))
        location = created.metadata.location + "/metadata/" + file.rsplit("/", 1)[1]
        assert (
            catalog.register_view((namespace, "w"), location).metadata.view_uuid == created.metadata.view_uuid
        )

    def test_a_table_keeps_its_name(self, catalog, namespace, table):
        with pytest.raises(Exception, match="(?i)already exists"):
            self.make(catalog, namespace, "people")
