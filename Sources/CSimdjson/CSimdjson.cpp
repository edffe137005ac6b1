#include "CSimdjson.h"

#include <simdjson.h>

#include <memory>
#include <new>

#include "PageWalker.hpp"

using simdjson::error_code;
using simdjson::internal::dom_parser_implementation;

struct csimdjson_parser {
    PageShape shape;
    std::vector<csimdjson_record> records;
    std::vector<csimdjson_range> fields;
};

namespace {

/// Where the tokens of the answer at hand are: megabytes, of use only while it is parsed. There are far more parsers, one
/// for each query under way, than threads that parse.
thread_local std::unique_ptr<dom_parser_implementation> tokens;

/// Finds where the tokens begin, with the fastest code this processor can run.
error_code find_tokens(const uint8_t *bytes, size_t length) {
    if (!tokens || tokens->capacity() < length) {
        tokens.reset();
        // Pages are of about the same size: the next one fits, too. The depth is for simdjson's second stage, which is not
        // used.
        const size_t step = size_t(256) << 10;
        const error_code error = simdjson::get_active_implementation()->create_dom_parser_implementation(
            (length / step + 1) * step, 1, tokens);
        if (error) return error;
    }
    return tokens->stage1(bytes, length, simdjson::stage1_mode::regular);
}

/// The bytes without control characters: blanks inside and outside strings, and what is no token where none may be.
/// simdjson finds no tokens in a page that has control characters in its strings.
std::vector<uint8_t> without_controls(const uint8_t *bytes, size_t length) {
    std::vector<uint8_t> copy(bytes, bytes + length);
    for (uint8_t &byte : copy) {
        if (byte < 0x20) byte = byte == '\t' || byte == '\n' || byte == '\r' ? ' ' : '!';
    }
    return copy;
}

csimdjson_status parse_answer(
    csimdjson_parser &parser, const uint8_t *bytes, size_t length, bool is_record, csimdjson_page &page) {
    parser.records.clear();
    parser.fields.clear();
    page = {};
    error_code error = length == 0 ? simdjson::EMPTY : find_tokens(bytes, length);
    const bool has_controls = error == simdjson::UNESCAPED_CHARS;
    if (has_controls) error = find_tokens(without_controls(bytes, length).data(), length);
    switch (error) {
    case simdjson::SUCCESS: break;
    case simdjson::EMPTY: return CSIMDJSON_EMPTY;
    case simdjson::MEMALLOC: return CSIMDJSON_NO_MEMORY;
    case simdjson::UTF8_ERROR: return CSIMDJSON_NOT_UTF8;
    case simdjson::UNCLOSED_STRING: page.error = int32_t(length); return CSIMDJSON_CUT_SHORT;
    default: return CSIMDJSON_NOT_JSON;
    }
    PageWalker walker(bytes, uint32_t(length), tokens->structural_indexes.get(),
                      tokens->n_structural_indexes, has_controls, parser.shape, parser.records, parser.fields);
    const csimdjson_status status = is_record ? walker.only_record(page) : walker.page(page);
    page.records = parser.records.data();
    page.record_count = parser.records.size();
    page.fields = parser.fields.data();
    return status;
}

csimdjson_status parse_checked(
    csimdjson_parser &parser, const uint8_t *bytes, size_t length, bool is_record, csimdjson_page &page) {
    try {
        const csimdjson_status status = parse_answer(parser, bytes, length, is_record, page);
        // simdjson's plainest code looks at UTF-8 in strings only: what lies outside matters where the grammar is broken.
        bool flawless = status == CSIMDJSON_OK;
        for (const csimdjson_record &record : parser.records) flawless &= record.kind != CSIMDJSON_MALFORMED;
        if (flawless) return status;
        return simdjson::validate_utf8(reinterpret_cast<const char *>(bytes), length) ? status : CSIMDJSON_NOT_UTF8;
    } catch (...) {
        return CSIMDJSON_NO_MEMORY;
    }
}

}

csimdjson_parser *csimdjson_create(void) {
    return new (std::nothrow) csimdjson_parser;
}

void csimdjson_destroy(csimdjson_parser *parser) {
    delete parser;
}

csimdjson_status csimdjson_set_shape(csimdjson_parser *parser, const char *list_key, const char *field_keys) {
    try {
        PageShape shape;
        shape.list_key = list_key;
        for (const char *key = field_keys; key;) {
            const char *const comma = std::strchr(key, ',');
            if (!shape.add(comma ? std::string(key, comma) : std::string(key))) return CSIMDJSON_BAD_SHAPE;
            key = comma ? comma + 1 : nullptr;
        }
        parser->shape = std::move(shape);
        return CSIMDJSON_OK;
    } catch (...) {
        return CSIMDJSON_NO_MEMORY;
    }
}

csimdjson_status csimdjson_parse_page(
    csimdjson_parser *parser, const uint8_t *bytes, size_t length, csimdjson_page *page) {
    return parse_checked(*parser, bytes, length, false, *page);
}

csimdjson_status csimdjson_parse_record(
    csimdjson_parser *parser, const uint8_t *bytes, size_t length, csimdjson_page *page) {
    return parse_checked(*parser, bytes, length, true, *page);
}

void csimdjson_trim(size_t bytes) {
    if (tokens && tokens->capacity() > bytes) tokens.reset();
}

ptrdiff_t csimdjson_find(const uint8_t *bytes, size_t length, size_t start, uint8_t byte) {
    const void *const found = start < length ? std::memchr(bytes + start, byte, length - start) : nullptr;
    return found ? static_cast<const uint8_t *>(found) - bytes : -1;
}

ptrdiff_t csimdjson_minify(const uint8_t *bytes, size_t length, uint8_t *output) {
    size_t written = 0;
    const error_code error = simdjson::minify(
        reinterpret_cast<const char *>(bytes), length, reinterpret_cast<char *>(output), written);
    return error ? -1 : ptrdiff_t(written);
}
