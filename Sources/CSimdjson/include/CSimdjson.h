#ifndef CSIMDJSON_H
#define CSIMDJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Takes a list answer of Twilio apart: where each record lies in it, and where in each record the values of some keys.
//
// Everything is offsets into the caller's bytes; nothing is copied. No exception leaves a function, every outcome is a
// status. A parser belongs to one thread at a time.

typedef struct csimdjson_parser csimdjson_parser;

typedef enum {
    CSIMDJSON_OK = 0,
    CSIMDJSON_NO_MEMORY,
    /// Nothing but white space.
    CSIMDJSON_EMPTY,
    CSIMDJSON_NOT_UTF8,
    /// The bytes end inside a string, an array or an object.
    CSIMDJSON_CUT_SHORT,
    /// Not JSON outside the records; `error` says where.
    CSIMDJSON_NOT_JSON,
    /// JSON, but not an object.
    CSIMDJSON_NOT_AN_OBJECT,
    CSIMDJSON_NO_LIST,
    /// The list's key holds something else; `error` says where it begins.
    CSIMDJSON_LIST_NOT_ARRAY,
    /// Neither `meta.next_page_url` nor `next_page_uri` at the root is there, or the one that counts is not a string or
    /// null.
    CSIMDJSON_NO_NEXT_PAGE_URL,
    CSIMDJSON_TOO_MANY_RECORDS,
    CSIMDJSON_BAD_SHAPE,
} csimdjson_status;

/// From the first byte to behind the last; `start == end` stands for "is not there".
typedef struct {
    int32_t start;
    int32_t end;
} csimdjson_range;

typedef enum {
    /// A valid object.
    CSIMDJSON_OBJECT = 0,
    /// A valid value of another type.
    CSIMDJSON_OTHER,
    /// Not valid JSON inside, or nested deeper than CSIMDJSON_MAX_DEPTH, though its brackets are balanced.
    /// Fields before the fault are given.
    CSIMDJSON_MALFORMED,
} csimdjson_kind;

/// How many objects and arrays may lie in one another within a record. Twilio's records have four levels; common
/// consumers of the envelope stop at a few hundred.
#define CSIMDJSON_MAX_DEPTH 128

/// More and longer keys than any of our shapes has.
#define CSIMDJSON_MAX_FIELDS 16
#define CSIMDJSON_MAX_KEY 63

typedef struct {
    csimdjson_range raw;
    csimdjson_kind kind;
} csimdjson_record;

/// Valid until the parser is used again.
typedef struct {
    const csimdjson_record *records;
    size_t record_count;
    /// For each record one range per key of the shape.
    const csimdjson_range *fields;
    /// The JSON token, a string with its quotes, or null: `meta.next_page_url`, else `next_page_uri` at the root, as
    /// Twilio's 2010 API has it. Empty for a single record.
    csimdjson_range next_page_url;
    int32_t error;
} csimdjson_page;

/// A page that Twilio was asked for has at most 1,000; this bounds the memory that an answer of nothing but commas takes.
#define CSIMDJSON_MAX_RECORDS 65536

/// NULL when there is no memory.
csimdjson_parser *csimdjson_create(void);
void csimdjson_destroy(csimdjson_parser *parser);

/// Names the key of the list, and the keys whose values are wanted, with commas between them.
/// CSIMDJSON_BAD_SHAPE if they are too many or too long.
csimdjson_status csimdjson_set_shape(csimdjson_parser *parser, const char *list_key, const char *field_keys);

/// Takes `length` bytes apart; at most INT32_MAX. They need no padding. Of equal keys the first counts, but for the
/// list: what each holds is read. Keys written with escapes are not recognised.
csimdjson_status csimdjson_parse_page(
    csimdjson_parser *parser, const uint8_t *bytes, size_t length, csimdjson_page *page);

/// The same for an answer that is itself the record: an object, and nothing behind it. `page` has one record then, and
/// no next page.
csimdjson_status csimdjson_parse_record(
    csimdjson_parser *parser, const uint8_t *bytes, size_t length, csimdjson_page *page);

/// Gives the memory back that the last page needed, if it was more than `bytes`.
void csimdjson_trim(size_t bytes);

/// Where the byte is first, at `start` or behind; -1 if nowhere.
ptrdiff_t csimdjson_find(const uint8_t *bytes, size_t length, size_t start, uint8_t byte);

/// Copies JSON without the white space between its tokens; `output` has room for `length` bytes. Returns how many were
/// written, or -1 if a string does not end.
ptrdiff_t csimdjson_minify(const uint8_t *bytes, size_t length, uint8_t *output);

#ifdef __cplusplus
}
#endif

#endif
