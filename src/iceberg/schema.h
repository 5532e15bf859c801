/*
 * Iceberg types and schemas: parsed into structs, checked, compared, renumbered, written.
 *
 * Values live in the arena, are immutable once returned and refer to the JSON they were parsed
 * from. Ceilings: FIRN_SCHEMA_FIELDS fields in one schema, nesting as deep as FIRN_SCHEMA_DEPTH.
 */
#ifndef FIRN_ICEBERG_SCHEMA_H
#define FIRN_ICEBERG_SCHEMA_H

#include "firn/json.h"
#include "member.h"

#define FIRN_SCHEMA_FIELDS 100000
#define FIRN_SCHEMA_DEPTH 60

enum firn_type_kind {
	FIRN_TYPE_BOOLEAN,
	FIRN_TYPE_INT,
	FIRN_TYPE_LONG,
	FIRN_TYPE_FLOAT,
	FIRN_TYPE_DOUBLE,
	FIRN_TYPE_DATE,
	FIRN_TYPE_TIME,
	FIRN_TYPE_TIMESTAMP,
	FIRN_TYPE_TIMESTAMPTZ,
	FIRN_TYPE_TIMESTAMP_NS,
	FIRN_TYPE_TIMESTAMPTZ_NS,
	FIRN_TYPE_STRING,
	FIRN_TYPE_UUID,
	FIRN_TYPE_FIXED,
	FIRN_TYPE_BINARY,
	FIRN_TYPE_DECIMAL,
	FIRN_TYPE_UNKNOWN,
	FIRN_TYPE_VARIANT,
	FIRN_TYPE_GEOMETRY,
	FIRN_TYPE_GEOGRAPHY,
	FIRN_TYPE_STRUCT,
	FIRN_TYPE_LIST,
	FIRN_TYPE_MAP
};

struct firn_type;

/* A struct's field; a list's `element`; a map's `key` and `value`. */
struct firn_type_field {
	int32_t id;
	bool required;
	struct firn_str name;
	struct firn_str doc; /* NONE when absent */
	const struct firn_type *type;
	const struct firn_json *initial_default, *write_default; /* NULL when absent or null */
	const struct firn_json *source; /* a struct field's object, for its unknown members */
};

struct firn_type {
	enum firn_type_kind kind;
	int32_t length;			      /* fixed[length] */
	int32_t precision, scale;	      /* decimal */
	struct firn_str crs, algorithm;	      /* geometry, geography; NONE = default */
	const struct firn_type_field *fields; /* struct: its fields; list: 1; map: 2; else none */
	size_t n_fields;
	const struct firn_json *source; /* a nested type's object, for its unknown members */
};

/* One field anywhere in a schema, as found by id. */
struct firn_schema_entry {
	int32_t id;
	const struct firn_type_field *field;
	struct firn_str name;			/* full name: "a.b", "list.element" */
	const struct firn_schema_entry *parent; /* NULL at top level */
};

struct firn_schema {
	int32_t id;
	bool has_id;		       /* false: the JSON had no schema-id, id is 0 */
	const struct firn_type *root;  /* a struct */
	int32_t highest_id;	       /* of all fields, -1 when there are none */
	const int32_t *identifier_ids; /* ascending */
	size_t n_identifier_ids;
	const struct firn_schema_entry *entries; /* ascending by id */
	size_t n_entries;
	bool as_parsed;	      /* root->source says it all, schema-id included */
	struct firn_str text; /* its bytes, when whoever parsed it kept them; else NONE */
};

/*
 * Parses and checks a type (a string or an object with `type`). BAD_REQUEST, led by `what`, names
 * what is wrong. Field ids within must be present.
 */
firn_rc firn_type_parse(struct firn_ctx *cx, const struct firn_json *json, const char *what,
			const struct firn_type **ret_type) FIRN_MUST;
/* "long", "decimal(9, 2)", "list<string>", … as in messages. */
struct firn_str firn_type_text(struct firn_ctx *cx, const struct firn_type *type);
/* False for struct, list, map and variant. */
bool firn_type_is_primitive(const struct firn_type *type);
/* Same shape, ids, names, docs, requiredness and defaults. */
bool firn_type_eq(const struct firn_type *a, const struct firn_type *b);

/*
 * Parses and checks a schema: ids and full names unique, identifier fields exist, are required
 * primitives (no float, double) inside required structs only, defaults fit their types, unknown
 * fields are optional. BAD_REQUEST, led by `what`, names the field.
 */
firn_rc firn_schema_parse(struct firn_ctx *cx, const struct firn_json *json, const char *what,
			  const struct firn_schema **ret_schema) FIRN_MUST;
/* The same fields and identifier fields; schema ids don't count. */
bool firn_schema_same(const struct firn_schema *a, const struct firn_schema *b);
/* The same schema under another schema id. */
firn_rc firn_schema_with_id(struct firn_ctx *cx, const struct firn_schema *schema, int32_t id,
			    const struct firn_schema **ret_schema) FIRN_MUST;
/* Renumbers fields 1, 2, 3, … after *last_id (a struct's own fields before their children's, as the
 * reference does), rebinds identifier fields, and leaves the last id used in *last_id. */
firn_rc firn_schema_fresh_ids(struct firn_ctx *cx, const struct firn_schema *schema, int32_t id,
			      int32_t *last_id, const struct firn_schema **ret_schema) FIRN_MUST;
/* NULL when no field has that id or full name. */
const struct firn_schema_entry *firn_schema_find(const struct firn_schema *schema, int32_t id);
const struct firn_schema_entry *firn_schema_find_name(const struct firn_schema *schema,
						      struct firn_str full_name);
/* VALIDATION naming every field whose type or initial default needs a newer format version. */
firn_rc firn_schema_check_version(struct firn_ctx *cx, const struct firn_schema *schema,
				  int format_version) FIRN_MUST;
/* The schema's JSON object: its own bytes when it has them, unknown members included otherwise. */
void firn_schema_write(struct firn_jw *w, const struct firn_schema *schema);

#endif
