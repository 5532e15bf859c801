/* A small view as text, and its parts. */
#ifndef FIRN_TESTS_VIEWS_H
#define FIRN_TESTS_VIEWS_H

#define VIEW_FIELD(id, name)                                                                       \
	"{\"id\":" id ",\"name\":\"" name "\",\"required\":false,\"type\":\"long\"}"
#define VIEW_SCHEMA(id, fields) "{\"type\":\"struct\",\"schema-id\":" id ",\"fields\":[" fields "]}"
#define VIEW_SQL(dialect, sql) "{\"type\":\"sql\",\"sql\":\"" sql "\",\"dialect\":\"" dialect "\"}"
#define VIEW_VERSION(id, at, schema, representations)                                              \
	"{\"version-id\":" id ",\"timestamp-ms\":" at ",\"schema-id\":" schema                     \
	",\"summary\":{\"engine\":\"x\"},\"default-namespace\":[\"a\"],\"representations\":"       \
	"[" representations "]}"
#define VIEW_ENTRY(id, at) "{\"timestamp-ms\":" at ",\"version-id\":" id "}"
#define VIEW_UUID "fa6506c3-7681-40c8-86dc-e36561f83385"

/* Versions 1 and 2 (current), both in dialect spark, over schemas 0 (x) and 1 (x, y). */
#define VIEW                                                                                                                                                                         \
	"{\"view-uuid\":\"" VIEW_UUID "\",\"format-version\":1,\"location\":\"s3://b/v\","                                                                                           \
	"\"properties\":{\"owner\":\"ann\"},\"current-version-id\":2,\"schemas\":[" VIEW_SCHEMA("0", VIEW_FIELD("1", "x")) "," VIEW_SCHEMA(                                          \
		"1",                                                                                                                                                                 \
		VIEW_FIELD("1", "x") "," VIEW_FIELD(                                                                                                                                 \
			"2",                                                                                                                                                         \
			"y")) "],\"versions\":[" VIEW_VERSION("1", "100", "0",                                                                                                       \
							      VIEW_SQL(                                                                                                              \
								      "spark",                                                                                                       \
								      "select 1")) "," VIEW_VERSION("2",                                                                             \
												    "200",                                                                           \
												    "1",                                                                             \
												    VIEW_SQL(                                                                        \
													    "spark",                                                                 \
													    "select 2")) "],\"version-log\":[" VIEW_ENTRY("1",                       \
																			  "100") "," VIEW_ENTRY("2", \
																						"200") "]}"

#endif
