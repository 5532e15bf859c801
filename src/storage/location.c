/*
 * Locations: one normal form for the many spellings of a place. Owns what may be part of a location
 * at all, and refuses what some reader, by decoding or by resolving dots, would take to another
 * place than the one that was checked.
 */
#include "location.h"

#include "firn/arena.h"

#define S3_KEY_MAX ((size_t)1024)
#define FILE_PATH_MAX ((size_t)4000) /* leaves room below PATH_MAX for names of temporary files */
#define FILE_PIECE_MAX ((size_t)255)
#define BUCKET_MIN ((size_t)3)
#define BUCKET_MAX ((size_t)63)
#define SHOWN ((size_t)256)
#define DECODINGS_MAX 4

/* The location being parsed, and how a message calls it. */
struct reading {
	struct firn_ctx *cx;
	const char *what;
	struct firn_str text;
	bool is_s3;
	bool is_object; /* its key is taken as it is: an encoded '/', '?' and '#' are just
			   characters */
};

static firn_rc refuse(const struct reading *r, const char *mend)
{
	return firn_fail(r->cx, FIRN_E_BAD_REQUEST, "%s '%.*s' %s", r->what,
			 FIRN_FMT(firn_str_sub(r->text, 0, SHOWN)), mend);
}

static bool is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static firn_rc check_text(const struct reading *r)
{
	if (r->text.n == 0)
		return firn_fail(r->cx, FIRN_E_BAD_REQUEST,
				 "%s is empty: give a location like s3://bucket/path", r->what);
	for (size_t i = 0; i < r->text.n; i++)
		if ((unsigned char)r->text.p[i] < 0x20 || r->text.p[i] == 0x7F)
			return refuse(r, "contains a control character: remove it");
	if (!firn_utf8_valid(r->text))
		return refuse(r, "is not well-formed UTF-8");
	return FIRN_OK;
}

/* Cuts the scheme off; a text that begins with '/' is a file's. */
static firn_rc cut_scheme(struct reading *r, struct firn_str *ret_rest)
{
	size_t colon = firn_str_find(r->text, ':');
	struct firn_str scheme;

	if (r->text.p[0] == '/') {
		*ret_rest = r->text;
		return FIRN_OK;
	}
	if (colon == SIZE_MAX)
		return refuse(r, "has no scheme: begin it with s3:// or file:///");
	scheme = firn_str_sub(r->text, 0, colon);
	r->is_s3 = firn_str_ieq(scheme, FIRN_STR("s3")) || firn_str_ieq(scheme, FIRN_STR("s3a")) ||
		   firn_str_ieq(scheme, FIRN_STR("s3n"));
	if (!r->is_s3 && !firn_str_ieq(scheme, FIRN_STR("file")))
		return refuse(r, "has a scheme that is not supported: use s3:// or file:///");
	*ret_rest = firn_str_sub(r->text, colon + 1, SIZE_MAX);
	return FIRN_OK;
}

static firn_rc check_bucket(const struct reading *r, struct firn_str bucket)
{
	if (bucket.n == 0)
		return refuse(r, "names no bucket: write s3://bucket/path");
	for (size_t i = 0; i < bucket.n; i++) {
		char c = bucket.p[i];

		if (c >= 'A' && c <= 'Z')
			return refuse(r, "has upper-case letters in its bucket: bucket names are "
					 "lower case");
		if (!is_lower_or_digit(c) && c != '.' && c != '-' && c != '_')
			return refuse(r, "has a bucket with other characters than a-z, 0-9, '.', "
					 "'-' and '_'");
	}
	if (bucket.n < BUCKET_MIN || bucket.n > BUCKET_MAX)
		return refuse(r, "has a bucket whose name is not of 3 to 63 characters");
	if (!is_lower_or_digit(bucket.p[0]) || !is_lower_or_digit(bucket.p[bucket.n - 1]) ||
	    memmem(bucket.p, bucket.n, "..", 2))
		return refuse(r, "has a bucket that does not begin and end with a letter or digit, "
				 "or has two dots in a row");
	return FIRN_OK;
}

/* Cuts the authority off, which is empty for a file. */
static firn_rc cut_authority(const struct reading *r, struct firn_str *rest,
			     struct firn_str *ret_authority)
{
	struct firn_str authority = FIRN_STR("");

	if (firn_str_starts(*rest, FIRN_STR("//")) && r->text.p[0] != '/') {
		size_t slash;

		*rest = firn_str_sub(*rest, 2, SIZE_MAX);
		slash = firn_str_find(*rest, '/');
		authority = firn_str_sub(*rest, 0, slash);
		*rest = firn_str_sub(*rest, authority.n, SIZE_MAX);
	} else if (r->is_s3) {
		return refuse(r, "names no bucket: write s3://bucket/path");
	}
	if (r->is_s3)
		FIRN_TRY(check_bucket(r, authority));
	else if (authority.n > 0)
		return refuse(r, "names a host: write file:/// with three slashes, and an absolute "
				 "path");
	else if (rest->n == 0 || rest->p[0] != '/')
		return refuse(r, "is not an absolute path: write file:///folder");
	*ret_authority = authority;
	return FIRN_OK;
}

/* Decodes what is an escape, in place; other '%' stay. False when there was none. */
static bool decode_once(char *text, size_t *n)
{
	size_t out = 0;
	size_t before = *n;

	for (size_t i = 0; i < before; i++) {
		int high = text[i] == '%' && before - i > 2 ? firn_hex_digit(text[i + 1]) : -1;
		int low = high >= 0 ? firn_hex_digit(text[i + 2]) : -1;

		if (low >= 0) {
			text[out++] = (char)(high * 16 + low);
			i += 2;
		} else {
			text[out++] = text[i];
		}
	}
	*n = out;
	return out < before;
}

static bool has_dot_piece(struct firn_str path)
{
	size_t from = 0;

	while (from <= path.n) {
		struct firn_str rest = firn_str_sub(path, from, SIZE_MAX);
		struct firn_str piece = firn_str_sub(rest, 0, firn_str_find(rest, '/'));

		if (firn_str_is(piece, ".") || firn_str_is(piece, ".."))
			return true;
		from += piece.n + 1;
	}
	return false;
}

/* A reader that decodes before it resolves dots must find none either, however often it decodes. */
static firn_rc check_decoded(const struct reading *r, struct firn_str path)
{
	struct firn_str copy = firn_str_dup(r->cx, path);
	char *text = (char *)(uintptr_t)copy.p;

	if (!text)
		return r->cx->err.code;
	for (int i = 0; i < DECODINGS_MAX && decode_once(text, &copy.n); i++) {
		if (has_dot_piece(copy))
			return refuse(r,
				      "contains percent-encoded '.' or '..' pieces: remove them");
		if (memchr(text, 0, copy.n))
			return refuse(r, "contains a percent-encoded NUL: remove it");
	}
	if (decode_once(text, &copy.n))
		return refuse(r, "is percent-encoded many times over: encode it once");
	return FIRN_OK;
}

static firn_rc check_path(const struct reading *r, struct firn_str path)
{
	if (has_dot_piece(path))
		return refuse(r, "contains '.' or '..' pieces: write the path without them");
	if (r->is_s3 && !r->is_object &&
	    (firn_str_find(path, '?') != SIZE_MAX || firn_str_find(path, '#') != SIZE_MAX))
		return refuse(r, "contains '?' or '#', which readers take for a query or fragment: "
				 "remove it");
	if (!r->is_s3 && !r->is_object)
		for (size_t i = 0; i + 2 < path.n; i++)
			if (firn_str_ieq(firn_str_sub(path, i, 3), FIRN_STR("%2f")))
				return refuse(r,
					      "contains a percent-encoded '/': write it plainly");
	return firn_str_find(path, '%') == SIZE_MAX ? FIRN_OK : check_decoded(r, path);
}

/* Appends the pieces of path, one slash before each; false when one is too long for a file. */
static bool put_pieces(struct firn_buf *b, struct firn_str path)
{
	bool fits = true;

	for (size_t i = 0; i < path.n;) {
		struct firn_str rest = firn_str_sub(path, i, SIZE_MAX);
		struct firn_str piece = firn_str_sub(rest, 0, firn_str_find(rest, '/'));

		if (piece.n > 0) {
			firn_buf_char(b, '/');
			firn_buf_str(b, piece);
		}
		fits = fits && piece.n <= FILE_PIECE_MAX;
		i += piece.n + 1;
	}
	return fits;
}

static firn_rc finish(const struct reading *r, struct firn_str authority, struct firn_str path,
		      struct firn_location *ret_location)
{
	struct firn_location location = {
		.scheme = r->is_s3 ? FIRN_STR("s3") : FIRN_STR("file"),
	};
	size_t head = location.scheme.n + 3 + authority.n;
	struct firn_buf b;
	bool fits;

	firn_buf_init(&b, r->cx, head + path.n + 1);
	firn_buf_str(&b, location.scheme);
	firn_buf_cstr(&b, "://");
	firn_buf_str(&b, authority);
	fits = put_pieces(&b, path);
	FIRN_TRY(firn_buf_end(&b, &location.normal));
	location.authority = firn_str_sub(location.normal, location.scheme.n + 3, authority.n);
	location.path = firn_str_sub(location.normal, head, SIZE_MAX);
	if (!r->is_s3 && !fits)
		return refuse(r, "has a piece longer than 255 bytes: shorten it");
	*ret_location = location;
	return FIRN_OK;
}

static firn_rc parse(struct reading *r, struct firn_location *ret_location)
{
	struct firn_str authority;
	struct firn_str path;

	FIRN_TRY(check_text(r));
	FIRN_TRY(cut_scheme(r, &path));
	FIRN_TRY(cut_authority(r, &path, &authority));
	if (r->is_s3 && path.n > S3_KEY_MAX + 1)
		return refuse(r, "has an object key longer than 1024 bytes: shorten it");
	if (!r->is_s3 && path.n > FILE_PATH_MAX)
		return refuse(r, "has a path longer than 4000 bytes: shorten it");
	FIRN_TRY(check_path(r, path));
	return finish(r, authority, path, ret_location);
}

firn_rc firn_location_parse(struct firn_ctx *cx, struct firn_str text, const char *what,
			    struct firn_location *ret_location)
{
	struct reading r = {.cx = cx, .what = what, .text = text};

	return parse(&r, ret_location);
}

firn_rc firn_location_parse_object(struct firn_ctx *cx, struct firn_str text, const char *what,
				   struct firn_location *ret_location)
{
	struct reading r = {.cx = cx, .what = what, .text = text, .is_object = true};

	return parse(&r, ret_location);
}

bool firn_location_within(const struct firn_location *inner, const struct firn_location *outer)
{
	if (!firn_str_eq(inner->scheme, outer->scheme) ||
	    !firn_str_eq(inner->authority, outer->authority) ||
	    !firn_str_starts(inner->path, outer->path))
		return false;
	return inner->path.n == outer->path.n || inner->path.p[outer->path.n] == '/';
}

struct firn_str firn_location_trim(struct firn_str text)
{
	while (text.n > 0 && text.p[text.n - 1] == '/')
		text.n--;
	return text;
}

struct firn_str firn_location_join(struct firn_ctx *cx, struct firn_str base,
				   struct firn_str relative)
{
	base = firn_location_trim(base);
	return firn_printf(cx, "%.*s/%.*s", FIRN_FMT(base), FIRN_FMT(relative));
}
