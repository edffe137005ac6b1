#include "CSimdjson.h"

#include <simdjson.h>

#include <memory>
#include <new>

#include "PageWalker.hpp"

using simdjson::error_code;
using simdjson::internal::dom_parser_implementation;

struct csimdjson_parser {
    std::unique_ptr<dom_parser_implementation> simd;
    PageShape shape;
    std::vector<csimdjson_record> records;
    std::vector<csimdjson_range> fields;
};

namespace {

/// Finds where the tokens begin, with the fastest code this processor can run.
error_code find_tokens(csimdjson_parser &parser, const uint8_t *bytes, size_t length) {
    if (!parser.simd || parser.simd->capacity() < length) {
        parser.simd.reset();
        // The depth is for simdjson's second stage, which is not used.
        const error_code error = simdjson::get_active_implementation()->create_dom_parser_implementation(
            length, 1, parser.simd);
        if (error) return error;
    }
    return parser.simd->stage1(bytes, length, simdjson::stage1_mode::regular);
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
    error_code error = length == 0 ? simdjson::EMPTY : find_tokens(parser, bytes, length);
    const bool has_controls = error == simdjson::UNESCAPED_CHARS;
    if (has_controls) error = find_tokens(parser, without_controls(bytes, length).data(), length);
    switch (error) {
    case simdjson::SUCCESS: break;
    case simdjson::EMPTY: return CSIMDJSON_EMPTY;
    case simdjson::MEMALLOC: return CSIMDJSON_NO_MEMORY;
    case simdjson::UTF8_ERROR: return CSIMDJSON_NOT_UTF8;
    case simdjson::UNCLOSED_STRING: page.error = int32_t(length); return CSIMDJSON_CUT_SHORT;
    default: return CSIMDJSON_NOT_JSON;
    }
    PageWalker walker(bytes, uint32_t(length), parser.simd->structural_indexes.get(),
                      parser.simd->n_structural_indexes, has_controls, parser.shape, parser.records, parser.fields);
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

void csimdjson_trim(csimdjson_parser *parser, size_t bytes) {
    if (parser->simd && parser->simd->capacity() > bytes) parser->simd.reset();
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
