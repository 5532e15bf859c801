/*
 * Schemas written. One that was parsed under its own id is its own bytes; another is written anew,
 * members that this program doesn't know taken over from the objects it came from.
 */
#include "member.h"
#include "type.h"

static void write_part(struct firn_jw *w, const struct firn_type_field *field)
{
	bool element = firn_str_is(field->name, "element"), key = firn_str_is(field->name, "key");

	firn_jw_key(w, element ? "element-id" : key ? "key-id" : "value-id");
	firn_jw_i64(w, field->id);
	firn_jw_key_str(w, field->name);
	firn_type_write(w, field->type);
	if (key)
		return;
	firn_jw_key(w, element ? "element-required" : "value-required");
	firn_jw_bool(w, field->required);
}

static void write_field(struct firn_jw *w, const struct firn_type_field *field)
{
	static const char *const known[] = {
		"id", "name", "required", "type", "doc", "initial-default", "write-default", NULL};

	firn_jw_begin(w, '{');
	firn_jw_key(w, "id");
	firn_jw_i64(w, field->id);
	firn_jw_key(w, "name");
	firn_jw_str(w, field->name);
	firn_jw_key(w, "required");
	firn_jw_bool(w, field->required);
	firn_jw_key(w, "type");
	firn_type_write(w, field->type);
	if (field->doc.p) {
		firn_jw_key(w, "doc");
		firn_jw_str(w, field->doc);
	}
	if (field->initial_default) {
		firn_jw_key(w, "initial-default");
		firn_jw_json(w, field->initial_default);
	}
	if (field->write_default) {
		firn_jw_key(w, "write-default");
		firn_jw_json(w, field->write_default);
	}
	firn_members_write_unknown(w, field->source, known);
	firn_jw_end(w, '}');
}

static void write_fields(struct firn_jw *w, const struct firn_type *type)
{
	firn_jw_key(w, "fields");
	firn_jw_begin(w, '[');
	for (size_t i = 0; i < type->n_fields; i++)
		write_field(w, &type->fields[i]);
	firn_jw_end(w, ']');
}

static void write_primitive(struct firn_jw *w, const struct firn_type *type)
{
	struct firn_str text = firn_type_text(w->out->cx, type);

	firn_jw_str(w, text);
}

void firn_type_write(struct firn_jw *w, const struct firn_type *type)
{
	static const char *const known[] = {
		"type",	  "fields", "element-id", "element", "element-required",
		"key-id", "key",    "value-id",	  "value",   "value-required",
		NULL};

	if (type->kind != FIRN_TYPE_STRUCT && type->kind != FIRN_TYPE_LIST &&
	    type->kind != FIRN_TYPE_MAP) {
		write_primitive(w, type);
		return;
	}
	firn_jw_begin(w, '{');
	firn_jw_key(w, "type");
	firn_jw_cstr(w, type->kind == FIRN_TYPE_STRUCT ? "struct"
			: type->kind == FIRN_TYPE_LIST ? "list"
						       : "map");
	if (type->kind == FIRN_TYPE_STRUCT)
		write_fields(w, type);
	else
		for (size_t i = 0; i < type->n_fields; i++)
			write_part(w, &type->fields[i]);
	firn_members_write_unknown(w, type->source, known);
	firn_jw_end(w, '}');
}

void firn_schema_write(struct firn_jw *w, const struct firn_schema *schema)
{
	static const char *const known[] = {"type", "schema-id", "identifier-field-ids", "fields",
					    NULL};

	if (schema->text.p) {
		firn_jw_raw(w, schema->text);
		return;
	}
	if (schema->as_parsed) {
		firn_jw_json(w, schema->root->source);
		return;
	}
	firn_jw_begin(w, '{');
	firn_jw_key(w, "type");
	firn_jw_cstr(w, "struct");
	firn_jw_key(w, "schema-id");
	firn_jw_i64(w, schema->id);
	if (schema->n_identifier_ids) {
		firn_jw_key(w, "identifier-field-ids");
		firn_jw_begin(w, '[');
		for (size_t i = 0; i < schema->n_identifier_ids; i++)
			firn_jw_i64(w, schema->identifier_ids[i]);
		firn_jw_end(w, ']');
	}
	write_fields(w, schema->root);
	firn_members_write_unknown(w, schema->root->source, known);
	firn_jw_end(w, '}');
}
