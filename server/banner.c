#include "banner.h"

#include <stdio.h>

static void print_spark(struct firn_str address, bool s3)
{
	(void)printf("Spark 4.0 (Scala 2.13)\n"
		     "  spark-sql --packages "
		     "org.apache.iceberg:iceberg-spark-runtime-4.0_2.13:1.11.0%s \\\n"
		     "    --conf "
		     "spark.sql.extensions=org.apache.iceberg.spark.extensions."
		     "IcebergSparkSessionExtensions \\\n"
		     "    --conf spark.sql.catalog.firn=org.apache.iceberg.spark.SparkCatalog \\\n"
		     "    --conf spark.sql.catalog.firn.type=rest \\\n"
		     "    --conf spark.sql.catalog.firn.uri=http://%.*s \\\n"
		     "    --conf spark.sql.catalog.firn.warehouse=demo\n\n",
		     s3 ? ",org.apache.iceberg:iceberg-aws-bundle:1.11.0" : "", FIRN_FMT(address));
}

static void print_trino(struct firn_str address, bool s3)
{
	(void)printf("Trino (etc/catalog/firn.properties)\n"
		     "  connector.name=iceberg\n"
		     "  iceberg.catalog.type=rest\n"
		     "  iceberg.rest-catalog.uri=http://%.*s\n"
		     "  iceberg.rest-catalog.warehouse=demo\n"
		     "  %s=true\n\n",
		     FIRN_FMT(address), s3 ? "fs.native-s3.enabled" : "fs.hadoop.enabled");
}

void firn_banner_print(const struct firn_config *config, struct firn_str warehouse)
{
	struct firn_str address = config->listen;
	bool s3 = firn_str_starts(warehouse, FIRN_STR("s3"));

	(void)printf("\nFirn serves Iceberg REST on  http://%.*s  (warehouse `demo` at %.*s)\n\n"
		     "PyIceberg\n"
		     "  from pyiceberg.catalog import load_catalog\n"
		     "  catalog = load_catalog(\"firn\", type=\"rest\", uri=\"http://%.*s\", "
		     "warehouse=\"demo\")\n\n",
		     FIRN_FMT(address), FIRN_FMT(warehouse), FIRN_FMT(address));
	print_spark(address, s3);
	print_trino(address, s3);
	(void)printf("DuckDB\n"
		     "  INSTALL iceberg; LOAD iceberg;\n"
		     "  ATTACH 'demo' AS firn (TYPE iceberg, ENDPOINT 'http://%.*s', "
		     "AUTHORIZATION_TYPE 'none');\n\n"
		     "curl\n"
		     "  curl http://%.*s/v1/config?warehouse=demo\n\n",
		     FIRN_FMT(address), FIRN_FMT(address));
	if (s3)
		(void)printf("Clients need the store's endpoint and keys too (s3.endpoint, "
			     "s3.access-key-id, …): Firn doesn't hand them out yet.\n\n");
	(void)fflush(stdout);
}
