"""One Spark session for all tests; each store's catalog is added to it under the store's name."""

import tempfile

import servers
from pyspark.sql import SparkSession

SETTINGS = {
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "2g",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.warehouse.dir": tempfile.gettempdir(),
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.log.level": "ERROR",
}


def start():
    jars = ",".join(str(jar) for jar in sorted((servers.CACHE / "jars").glob("*.jar")))
    builder = SparkSession.builder.master("local[2]").appName("firn-tests").config("spark.jars", jars)
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def add_catalog(session, name, server):
    prefix = f"spark.sql.catalog.{name}"
    session.conf.set(prefix, "org.apache.iceberg.spark.SparkCatalog")
    settings = {
        "type": "rest",
        "uri": server.uri,
        "warehouse": servers.WAREHOUSE,
        "cache-enabled": "false",
        **server.store.java_properties(),
    }
    for key, value in settings.items():
        session.conf.set(f"{prefix}.{key}", value)
