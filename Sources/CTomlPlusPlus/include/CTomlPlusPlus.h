// A TOML document as a flat array of nodes, parsed by toml++ (Debian's libtomlplusplus-dev).
//
// - No C++ exception leaves this interface, and no assertion of the parser ends the process.
// - The caller bounds the input first: size, and the number of segments of a dotted key, since the parser's
//   tables are taken apart recursively.

#ifndef CTOMLPLUSPLUS_H
#define CTOMLPLUSPLUS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    CTOML_TABLE = 0,
    CTOML_ARRAY = 1,
    CTOML_STRING = 2,
    CTOML_INTEGER = 3,
    CTOML_FLOAT = 4,
    CTOML_BOOLEAN = 5,
    CTOML_DATE = 6,
    CTOML_TIME = 7,
    CTOML_DATE_TIME = 8,
} ctoml_kind;

// One value. Nodes stand in preorder: a table or array is followed by its `child_count` children, each with its own
// descendants behind it. Lines and columns start at 1, columns count code points.
typedef struct {
    ctoml_kind kind;
    uint32_t child_count;
    uint32_t line;
    uint32_t column;
    // The key this value has in its table; length 0 and line 0 in an array and at the root.
    size_t key_offset;
    size_t key_length;
    uint32_t key_line;
    uint32_t key_column;
    // A string's text, or a date's or time's in RFC 3339.
    size_t text_offset;
    size_t text_length;
    int64_t integer;  // also booleans, 0 or 1
    double floating;
} ctoml_node;

typedef struct {
    ctoml_node *nodes;  // NULL if the text could not be parsed
    size_t node_count;
    char *text;  // what the offsets point into
    size_t text_length;
    uint32_t error_line;  // 0 if unknown
    uint32_t error_column;
    char error[512];  // zero-terminated UTF-8 when nodes is NULL; may quote the text: not for printing as it is
} ctoml_document;

// Parses UTF-8. What comes back is released with ctoml_release, whether it parsed or not.
ctoml_document ctoml_parse(const char *bytes, size_t count);

void ctoml_release(ctoml_document *document);

#ifdef __cplusplus
}
#endif

#endif
