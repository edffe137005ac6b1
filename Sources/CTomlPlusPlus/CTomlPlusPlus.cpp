#include "CTomlPlusPlus.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// The parser checks its own state with assertions that odd input can reach: `[[[` is one. As exceptions they become
// errors; with NDEBUG toml++ would turn them into assumptions, that is, undefined behaviour.
#undef NDEBUG
#define TOML_ASSERT(expression) \
    do { \
        if (!(expression)) throw std::runtime_error("the parser met something it did not expect"); \
    } while (false)
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 1
// Arrays and inline tables within each other. The settings need four; every level is stack.
#define TOML_MAX_NESTED_VALUES 32

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <toml++/toml.h>
#pragma clang diagnostic pop

namespace {

class Flattener {
public:
    std::vector<ctoml_node> nodes;
    std::string text;

    void add(const toml::node &value, const toml::key *key) {
        const size_t index = nodes.size();
        ctoml_node node{};
        node.line = value.source().begin.line;
        node.column = value.source().begin.column;
        if (key) {
            node.key_offset = text.size();
            node.key_length = key->str().size();
            text.append(key->str());
            node.key_line = key->source().begin.line;
            node.key_column = key->source().begin.column;
        }
        nodes.push_back(node);
        fill(index, value);
    }

private:
    void fill(size_t index, const toml::node &value) {
        switch (value.type()) {
        case toml::node_type::table:
            nodes[index].kind = CTOML_TABLE;
            nodes[index].child_count = static_cast<uint32_t>(value.as_table()->size());
            for (auto &&[key, child] : *value.as_table()) add(child, &key);
            break;
        case toml::node_type::array:
            nodes[index].kind = CTOML_ARRAY;
            nodes[index].child_count = static_cast<uint32_t>(value.as_array()->size());
            for (auto &&child : *value.as_array()) add(child, nullptr);
            break;
        case toml::node_type::string:
            set(index, CTOML_STRING, value.as_string()->get());
            break;
        case toml::node_type::integer:
            nodes[index].kind = CTOML_INTEGER;
            nodes[index].integer = value.as_integer()->get();
            break;
        case toml::node_type::floating_point:
            nodes[index].kind = CTOML_FLOAT;
            nodes[index].floating = value.as_floating_point()->get();
            break;
        case toml::node_type::boolean:
            nodes[index].kind = CTOML_BOOLEAN;
            nodes[index].integer = value.as_boolean()->get() ? 1 : 0;
            break;
        case toml::node_type::date:
            set(index, CTOML_DATE, printed(value.as_date()->get()));
            break;
        case toml::node_type::time:
            set(index, CTOML_TIME, printed(value.as_time()->get()));
            break;
        case toml::node_type::date_time:
            set(index, CTOML_DATE_TIME, printed(value.as_date_time()->get()));
            break;
        case toml::node_type::none:
            throw std::runtime_error("a value without a type");
        }
    }

    void set(size_t index, ctoml_kind kind, std::string_view string) {
        nodes[index].kind = kind;
        nodes[index].text_offset = text.size();
        nodes[index].text_length = string.size();
        text.append(string);
    }

    template <typename Value>
    static std::string printed(const Value &value) {
        std::ostringstream stream;
        stream << value;
        return stream.str();
    }
};

void fail(ctoml_document &document, const char *message) noexcept {
    std::strncpy(document.error, message, sizeof document.error - 1);
}

// A copy that free() releases; one byte is always there, so that NULL means failure only.
template <typename Element>
Element *copied(const Element *elements, size_t count) {
    auto *copy = static_cast<Element *>(std::malloc((count + 1) * sizeof(Element)));
    if (!copy) throw std::bad_alloc();
    if (count) std::memcpy(copy, elements, count * sizeof(Element));
    return copy;
}

}  // namespace

ctoml_document ctoml_parse(const char *bytes, size_t count) {
    ctoml_document document{};
    try {
        const toml::table root = toml::parse(std::string_view{bytes, count});
        Flattener flattener;
        flattener.add(root, nullptr);
        document.text = copied(flattener.text.data(), flattener.text.size());
        document.text_length = flattener.text.size();
        document.nodes = copied(flattener.nodes.data(), flattener.nodes.size());
        document.node_count = flattener.nodes.size();
    } catch (const toml::parse_error &error) {
        document.error_line = error.source().begin.line;
        document.error_column = error.source().begin.column;
        fail(document, error.what());
    } catch (const std::exception &error) {
        fail(document, error.what());
    } catch (...) {
        fail(document, "unknown failure");
    }
    return document;
}

void ctoml_release(ctoml_document *document) {
    std::free(document->nodes);
    std::free(document->text);
    *document = ctoml_document{};
}
