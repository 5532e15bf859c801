/*
 * XML as S3 servers answer it: elements and text. Refuses what those answers never hold and
 * attackers like: document types, entities of its own, CDATA, comments, deep nesting.
 */
#ifndef FIRN_STORAGE_S3_XML_H
#define FIRN_STORAGE_S3_XML_H

#include "firn/str.h"

#define FIRN_XML_DEPTH 8

struct firn_xml_element {
	struct firn_str names[FIRN_XML_DEPTH]; /* from the root to this one */
	unsigned depth;			       /* how many */
	struct firn_str text;		       /* decoded; of elements without children */
};
/* Called at the end of each element, children before parents. */
typedef firn_rc firn_xml_visit(struct firn_ctx *cx, void *arg,
			       const struct firn_xml_element *element);
/* STORE_BROKEN on anything else than one whole document; what was visited before counts for
 * nothing. */
firn_rc firn_xml_walk(struct firn_ctx *cx, struct firn_str text, firn_xml_visit *visit,
		      void *arg) FIRN_MUST;
/* path: "ListBucketResult/Contents/Key"; a "*" stands for any one name. */
bool firn_xml_at(const struct firn_xml_element *element, const char *path);
/* Appends text with '&', '<', '>', quotes and carriage returns escaped. */
void firn_xml_escape(struct firn_buf *b, struct firn_str text);

#endif
