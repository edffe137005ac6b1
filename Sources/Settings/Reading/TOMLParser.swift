import CTomlPlusPlus

/// Parses TOML 1.0 with toml++: one document, or the first syntax error.
enum TOMLParser {
    /// - Parameter text: valid UTF-8 within the bounds that `TOMLBounds` checks.
    static func parse(_ text: ArraySlice<UInt8>, file: String) throws(Fault) -> TOMLValue {
        var document = document(text)
        defer { ctoml_release(&document) }
        guard let nodes = document.nodes else {
            if document.error_line == 0 { throw placeless(text, file: file) }
            let location = SourceLocation(
                file: file, line: Int(document.error_line), column: max(1, Int(document.error_column)))
            throw Fault(at: location, SyntaxMessage.sentence(for: message(of: document)))
        }
        var reader = NodeReader(
            nodes: UnsafeBufferPointer(start: nodes, count: document.node_count),
            text: UnsafeRawBufferPointer(start: document.text, count: document.text_length),
            file: file)
        return reader.next()
    }

    private static func document(_ text: ArraySlice<UInt8>) -> ctoml_document {
        text.withUnsafeBytes { buffer in
            ctoml_parse(buffer.bindMemory(to: CChar.self).baseAddress, buffer.count)
        }
    }

    private static func message(of document: ctoml_document) -> String {
        withUnsafeBytes(of: document.error) { buffer in
            String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// The parser's own assertions know no place. It reads from the beginning to the end, so the line is the first
    /// that makes the text up to it fail in this way.
    private static func placeless(_ text: ArraySlice<UInt8>, file: String) -> Fault {
        let ends = text.indices.filter { text[$0] == UInt8(ascii: "\n") }
        var good = 0
        var bad = ends.count
        while good < bad {
            let middle = (good + bad) / 2
            var prefix = document(text[...ends[middle]])
            if prefix.nodes == nil, prefix.error_line == 0 { bad = middle } else { good = middle + 1 }
            ctoml_release(&prefix)
        }
        return Fault(
            at: SourceLocation(file: file, line: good + 1, column: 1),
            "syntax error: this line is no TOML; a header is written [table] or [[table]], a value key = value")
    }
}

/// Walks the preorder array that the C side makes. The pointers are valid while the document is.
private struct NodeReader {
    let nodes: UnsafeBufferPointer<ctoml_node>
    let text: UnsafeRawBufferPointer
    let file: String
    private var index = 0

    init(nodes: UnsafeBufferPointer<ctoml_node>, text: UnsafeRawBufferPointer, file: String) {
        self.nodes = nodes
        self.text = text
        self.file = file
    }

    /// The next value with all below it. As deep as the document, which is bounded.
    mutating func next() -> TOMLValue {
        let node = nodes[index]
        index += 1
        return TOMLValue(content: content(of: node), location: location(node.line, node.column))
    }

    private mutating func content(of node: ctoml_node) -> TOMLValue.Content {
        switch node.kind {
        case CTOML_TABLE:
            var entries: [TOMLValue.Entry] = []
            for _ in 0..<node.child_count {
                let child = nodes[index]
                entries.append(
                    TOMLValue.Entry(
                        key: string(child.key_offset, child.key_length),
                        keyLocation: location(child.key_line, child.key_column),
                        value: next()))
            }
            return .table(entries)
        case CTOML_ARRAY:
            return .array((0..<node.child_count).map { _ in next() })
        case CTOML_STRING: return .string(string(node.text_offset, node.text_length))
        case CTOML_INTEGER: return .integer(node.integer)
        case CTOML_FLOAT: return .float(node.floating)
        case CTOML_BOOLEAN: return .boolean(node.integer != 0)
        default: return .date(string(node.text_offset, node.text_length))
        }
    }

    private func string(_ offset: Int, _ length: Int) -> String {
        String(decoding: text[offset..<offset + length], as: UTF8.self)
    }

    private func location(_ line: UInt32, _ column: UInt32) -> SourceLocation {
        SourceLocation(file: file, line: max(1, Int(line)), column: max(1, Int(column)))
    }
}
