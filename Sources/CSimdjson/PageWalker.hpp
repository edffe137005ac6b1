#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "CSimdjson.h"

// Walks the tokens of a page and checks every byte of it against the grammar of RFC 8259.
//
// simdjson's first stage has found where each token begins (brackets, colons, commas, and the first byte of strings,
// numbers and words). Its second stage, on demand or not, gives up at the first fault or does not look at what it
// skips; here a record with a fault must be carried and its neighbours be read. So the second stage is ours: it knows
// where a record began, and after a fault goes on behind it by counting brackets.

struct PageShape {
    std::string list_key;
    std::vector<std::string> field_keys;
    /// By a key's length, a bit for each of `field_keys` that is as long.
    uint32_t fields_by_size[CSIMDJSON_MAX_KEY + 1] = {};

    /// False if there are too many keys, or one is too long.
    bool add(std::string key) {
        if (field_keys.size() == CSIMDJSON_MAX_FIELDS || key.size() > CSIMDJSON_MAX_KEY) return false;
        fields_by_size[key.size()] |= 1u << field_keys.size();
        field_keys.push_back(std::move(key));
        return true;
    }
};

class PageWalker {
public:
    /// `index` holds `count` offsets into the bytes, ascending.
    /// `has_controls`: strings may hold raw control characters, which must be looked for.
    PageWalker(const uint8_t *bytes, uint32_t length, const uint32_t *index, size_t count, bool has_controls,
               const PageShape &shape, std::vector<csimdjson_record> &records, std::vector<csimdjson_range> &fields)
        : bytes(bytes), length(length), index(index), count(count), has_controls(has_controls), shape(shape),
          records(records), fields(fields) {
        find_backslash(0);
    }

    csimdjson_status page(csimdjson_page &page) {
        if (first(0) != '{') return fail(page, CSIMDJSON_NOT_AN_OBJECT, 0);
        bool has_list = false;
        csimdjson_range next_page_url = {0, 0};
        csimdjson_range next_page_uri = {0, 0};
        size_t i = 1;
        for (bool more = first(i) != '}'; more;) {
            csimdjson_range key;
            if (!member_key(i, key)) return fail(page, CSIMDJSON_NOT_JSON, i);
            if (equals(key, shape.list_key)) {
                if (first(i) != '[') return fail(page, CSIMDJSON_LIST_NOT_ARRAY, i);
                has_list = true;
                if (!list(i)) {
                    const bool full = records.size() == CSIMDJSON_MAX_RECORDS;
                    return fail(page, full ? CSIMDJSON_TOO_MANY_RECORDS : CSIMDJSON_NOT_JSON, i);
                }
            } else if (equals(key, "meta") && first(i) == '{' && next_page_url.end == 0) {
                if (!meta(i, next_page_url)) return fail(page, CSIMDJSON_NOT_JSON, i);
            } else if (equals(key, "next_page_uri") && next_page_uri.end == 0) {
                const uint32_t start = offset(i);
                uint32_t end;
                if (!value(i, 1, end)) return fail(page, CSIMDJSON_NOT_JSON, i);
                next_page_uri = {int32_t(start), int32_t(end)};
            } else {
                uint32_t end;
                if (!skip(i, end)) return fail(page, CSIMDJSON_NOT_JSON, i);
            }
            if (first(i) != ',' && first(i) != '}') return fail(page, CSIMDJSON_NOT_JSON, i);
            more = first(i) == ',';
            if (more) i++;
        }
        if (i + 1 < count) return fail(page, CSIMDJSON_NOT_JSON, i + 1);
        if (!has_list) return fail(page, CSIMDJSON_NO_LIST, 0);
        if (next_page_url.end == 0) next_page_url = next_page_uri;
        const uint8_t kind = next_page_url.end > 0 ? bytes[next_page_url.start] : 0;
        if (kind != '"' && kind != 'n') return fail(page, CSIMDJSON_NO_NEXT_PAGE_URL, 0);
        page.next_page_url = next_page_url;
        return CSIMDJSON_OK;
    }

    /// The answer is one record, and nothing else.
    csimdjson_status only_record(csimdjson_page &page) {
        if (first(0) != '{') return fail(page, CSIMDJSON_NOT_AN_OBJECT, 0);
        size_t i = 0;
        if (!record(i) || i < count) return fail(page, CSIMDJSON_NOT_JSON, i);
        return CSIMDJSON_OK;
    }

private:
    const uint8_t *const bytes;
    const uint32_t length;
    const uint32_t *const index;
    const size_t count;
    const bool has_controls;
    const PageShape &shape;
    std::vector<csimdjson_record> &records;
    std::vector<csimdjson_range> &fields;
    /// The first backslash that was not passed yet; `length` if there is none.
    uint32_t backslash = 0;

    csimdjson_status fail(csimdjson_page &page, csimdjson_status status, size_t i) const {
        page.error = int32_t(offset(i));
        return i >= count ? CSIMDJSON_CUT_SHORT : status;
    }

    uint32_t offset(size_t i) const { return i < count ? index[i] : length; }
    /// The first byte of token `i`; zero behind the last, which no token begins with.
    uint8_t first(size_t i) const { return i < count ? bytes[index[i]] : 0; }

    /// Where token `i`, a string, number or word, ends: only white space lies between it and the next.
    uint32_t end_of(size_t i) const {
        uint32_t end = offset(i + 1);
        while (end > index[i] + 1 && is_blank(bytes[end - 1])) end--;
        return end;
    }

    static bool is_blank(uint8_t byte) { return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r'; }

    bool equals(csimdjson_range key, const std::string &text) const {
        return size_t(key.end - key.start) == text.size() + 2
            && std::memcmp(bytes + key.start + 1, text.data(), text.size()) == 0;
    }

    // Each of the following begins at token `i` and leaves `i` behind what it read. False means a fault at or near `i`.

    bool list(size_t &i) {
        i++;
        if (first(i) == ']') { i++; return true; }
        for (;;) {
            if (!record(i)) return false;
            const uint8_t next = first(i++);
            if (next == ']') return true;
            if (next != ',') { i--; return false; }
        }
    }

    bool record(size_t &i) {
        const size_t start = i;
        const uint8_t kind = first(i);
        if (records.size() == CSIMDJSON_MAX_RECORDS) return false;
        if (kind == ',' || kind == ':' || kind == ']' || kind == '}' || kind == 0) return false;
        const size_t base = fields.size();
        fields.resize(base + shape.field_keys.size(), csimdjson_range{0, 0});
        uint32_t end;
        const bool valid = kind == '{' ? record_object(i, base, end) : value(i, 1, end);
        if (!valid) {
            i = start;
            if (!skip(i, end)) return false;
        }
        records.push_back({{int32_t(index[start]), int32_t(end)},
                           !valid ? CSIMDJSON_MALFORMED : kind == '{' ? CSIMDJSON_OBJECT : CSIMDJSON_OTHER});
        return true;
    }

    bool record_object(size_t &i, size_t base, uint32_t &end) {
        return object(i, 1, end, [&](csimdjson_range key, csimdjson_range value) {
            const size_t size = size_t(key.end - key.start) - 2;
            if (size > CSIMDJSON_MAX_KEY) return;
            for (uint32_t candidates = shape.fields_by_size[size]; candidates != 0; candidates &= candidates - 1) {
                const size_t field = size_t(__builtin_ctz(candidates));
                if (!equals(key, shape.field_keys[field])) continue;
                if (fields[base + field].end == 0) fields[base + field] = value;
                return;
            }
        });
    }

    bool meta(size_t &i, csimdjson_range &next_page_url) {
        uint32_t end;
        return object(i, 1, end, [&](csimdjson_range key, csimdjson_range value) {
            if (next_page_url.end == 0 && equals(key, "next_page_url")) next_page_url = value;
        });
    }

    template <typename Visitor>
    bool object(size_t &i, unsigned depth, uint32_t &end, Visitor &&visit) {
        i++;
        if (first(i) != '}') {
            for (;;) {
                csimdjson_range key;
                if (!member_key(i, key)) return false;
                const uint32_t start = offset(i);
                uint32_t value_end;
                if (!value(i, depth + 1, value_end)) return false;
                visit(key, csimdjson_range{int32_t(start), int32_t(value_end)});
                if (first(i) == '}') break;
                if (first(i) != ',') return false;
                i++;
            }
        }
        end = index[i++] + 1;
        return true;
    }

    bool array(size_t &i, unsigned depth, uint32_t &end) {
        i++;
        if (first(i) != ']') {
            for (;;) {
                uint32_t value_end;
                if (!value(i, depth + 1, value_end)) return false;
                if (first(i) == ']') break;
                if (first(i) != ',') return false;
                i++;
            }
        }
        end = index[i++] + 1;
        return true;
    }

    bool member_key(size_t &i, csimdjson_range &key) {
        if (first(i) != '"') return false;
        uint32_t end;
        if (!string(i, end)) return false;
        key = {int32_t(index[i]), int32_t(end)};
        if (first(i + 1) != ':') { i++; return false; }
        i += 2;
        return true;
    }

    bool value(size_t &i, unsigned depth, uint32_t &end) {
        bool valid;
        switch (first(i)) {
        case '{':
            return depth <= CSIMDJSON_MAX_DEPTH && object(i, depth, end, [](csimdjson_range, csimdjson_range) {});
        case '[': return depth <= CSIMDJSON_MAX_DEPTH && array(i, depth, end);
        case '"': valid = string(i, end); break;
        case 't': valid = word(i, "true", 4, end); break;
        case 'f': valid = word(i, "false", 5, end); break;
        case 'n': valid = word(i, "null", 4, end); break;
        case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
            valid = number(i, end);
            break;
        default: return false;
        }
        i++;
        return valid;
    }

    /// Any value, valid or not, as long as its brackets are balanced.
    bool skip(size_t &i, uint32_t &end) {
        size_t depth = 0;
        do {
            switch (first(i)) {
            case 0: if (i >= count) return false; [[fallthrough]];
            default: end = end_of(i); break;
            case '{': case '[': depth++; break;
            case '}': case ']': if (depth == 0) return false; depth--; end = index[i] + 1; break;
            }
            i++;
        } while (depth > 0);
        return true;
    }

    bool word(size_t i, const char *text, size_t size, uint32_t &end) const {
        end = end_of(i);
        return end - index[i] == size && std::memcmp(bytes + index[i], text, size) == 0;
    }

    bool number(size_t i, uint32_t &end) const {
        end = end_of(i);
        const uint8_t *at = bytes + index[i], *const stop = bytes + end;
        const auto digits = [&] {
            const uint8_t *const from = at;
            while (at < stop && *at >= '0' && *at <= '9') at++;
            return at > from;
        };
        if (*at == '-') at++;
        if (at < stop && *at == '0') at++;
        else if (!digits()) return false;
        if (at < stop && *at == '.') {
            at++;
            if (!digits()) return false;
        }
        if (at < stop && (*at | 0x20) == 'e') {
            at++;
            if (at < stop && (*at == '+' || *at == '-')) at++;
            if (!digits()) return false;
        }
        return at == stop;
    }

    bool string(size_t i, uint32_t &end) {
        const uint32_t start = index[i];
        end = end_of(i);
        if (end - start < 2 || bytes[end - 1] != '"') return false;
        if (backslash < start) find_backslash(start);
        while (backslash < end) {
            const uint32_t behind = escape(backslash, end - 1);
            if (behind == 0) return false;
            find_backslash(behind);
        }
        if (has_controls) {
            for (uint32_t at = start; at < end; at++) {
                if (bytes[at] < 0x20) return false;
            }
        }
        return true;
    }

    void find_backslash(uint32_t from) {
        const void *const found = from < length ? std::memchr(bytes + from, '\\', length - from) : nullptr;
        backslash = found ? uint32_t(static_cast<const uint8_t *>(found) - bytes) : length;
    }

    /// Where the escape sequence at `at` ends; zero if it is none that RFC 8259 knows.
    uint32_t escape(uint32_t at, uint32_t end) const {
        if (at + 1 >= end) return 0;
        switch (bytes[at + 1]) {
        case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't': return at + 2;
        case 'u': break;
        default: return 0;
        }
        if (at + 6 > end) return 0;
        for (uint32_t digit = at + 2; digit < at + 6; digit++) {
            const uint8_t byte = bytes[digit], lower = byte | 0x20;
            if (!(byte >= '0' && byte <= '9') && !(lower >= 'a' && lower <= 'f')) return 0;
        }
        return at + 6;
    }
};
