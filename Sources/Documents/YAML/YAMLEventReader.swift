import Base
import CYAML

/// One event of a YAML stream, copied out of libyaml.
struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd, sequenceEnd, mappingEnd
        case alias(String)
        case scalar(text: String, isPlain: Bool)
        case sequenceStart, mappingStart
    }

    let kind: Kind
    var anchor: String?
    var tag: String?
    let position: Position
}

/// Pulls events out of libyaml, one at a time.
final class YAMLEventReader {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>
    private let isReady: Bool

    /// A byte order mark at the start is skipped.
    init(_ text: [UInt8]) {
        let text = text.starts(with: [0xEF, 0xBB, 0xBF]) ? text.dropFirst(3) : text[...]
        parser = .allocate(capacity: 1)
        input = .allocate(capacity: text.count)
        _ = input.initialize(from: text)
        isReady = yaml_parser_initialize(parser) == 1
        guard isReady else { return }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    deinit {
        if isReady { yaml_parser_delete(parser) }
        parser.deallocate()
        input.deallocate()
    }

    func next() throws(YAMLFault) -> YAMLEvent {
        var event = yaml_event_t()
        guard isReady, yaml_parser_parse(parser, &event) == 1 else { throw fault }
        defer { yaml_event_delete(&event) }
        return Self.copy(event)
    }

    private static func copy(_ event: yaml_event_t) -> YAMLEvent {
        let position = Position(event.start_mark)
        switch event.type {
        case YAML_STREAM_START_EVENT: return YAMLEvent(kind: .streamStart, position: position)
        case YAML_DOCUMENT_START_EVENT: return YAMLEvent(kind: .documentStart, position: position)
        case YAML_DOCUMENT_END_EVENT: return YAMLEvent(kind: .documentEnd, position: position)
        case YAML_SEQUENCE_END_EVENT: return YAMLEvent(kind: .sequenceEnd, position: position)
        case YAML_MAPPING_END_EVENT: return YAMLEvent(kind: .mappingEnd, position: position)
        case YAML_ALIAS_EVENT: return YAMLEvent(kind: .alias(text(event.data.alias.anchor) ?? ""), position: position)
        case YAML_SCALAR_EVENT: return scalar(event, at: position)
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            return YAMLEvent(kind: .sequenceStart, anchor: text(start.anchor), tag: text(start.tag), position: position)
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            return YAMLEvent(kind: .mappingStart, anchor: text(start.anchor), tag: text(start.tag), position: position)
        default: return YAMLEvent(kind: .streamEnd, position: position)
        }
    }

    private static func scalar(_ event: yaml_event_t, at position: Position) -> YAMLEvent {
        let scalar = event.data.scalar
        let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        return YAMLEvent(
            kind: .scalar(text: String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE),
            anchor: text(scalar.anchor), tag: text(scalar.tag), position: position)
    }

    private static func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? { pointer.map { String(cString: $0) } }

    private var fault: YAMLFault {
        guard isReady, let problem = parser.pointee.problem else {
            return YAMLFault(position: .start, rule: "yaml-syntax", message: "out of memory")
        }
        var message = String(cString: problem)
        if parser.pointee.error == YAML_READER_ERROR {
            return YAMLFault(position: position(ofByte: parser.pointee.problem_offset), rule: "yaml-syntax", message: message)
        }
        if parser.pointee.error == YAML_SCANNER_ERROR, isTab(at: Position(parser.pointee.problem_mark)) {
            message = "a tab stands here; YAML is indented by spaces only"
        } else if let words = Self.plainWords[message] {
            message = words
        }
        if let context = parser.pointee.context {
            message += " (\(String(cString: context)) from line \(parser.pointee.context_mark.line + 1))"
        }
        return YAMLFault(position: Position(parser.pointee.problem_mark), rule: "yaml-syntax", message: message)
    }

    /// What libyaml's messages mean to the person who wrote the line.
    private static let plainWords = [
        "found unknown escape character":
            "this backslash means nothing inside of double quotes; in single quotes a backslash is just that, as patterns need it",
        "did not find expected '-' indicator": "an entry of the list, with its dash, was expected here; mind the indentation",
        "did not find expected key": "a key was expected here; mind the indentation",
        "mapping values are not allowed in this context":
            "a key with a value cannot stand here; mind the indentation, and quote a text that has a colon in it",
        "could not find expected ':'": "a key without its colon was expected to have one; mind the indentation",
        "found character that cannot start any token": "no text begins with this character; write it in quotes",
        "did not find expected ',' or '}'": "a comma or the closing } was expected here; quote a text that has braces in it",
        "did not find expected ',' or ']'": "a comma or the closing ] was expected here; quote a text that has brackets in it",
        "found unexpected end of stream": "the closing quote is missing",
    ]

    private func isTab(at place: Position) -> Bool {
        let line = input.split(separator: 0x0A, maxSplits: place.line, omittingEmptySubsequences: false).dropFirst(place.line - 1).first
        return line?.dropFirst(place.column - 1).first == 0x09
    }

    private func position(ofByte offset: Int) -> Position {
        let before = input.prefix(min(offset, input.count))
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        let column = before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
        return Position(line: before.count { $0 == 0x0A } + 1, column: column)
    }
}

extension Position {
    fileprivate init(_ mark: yaml_mark_t) { self.init(line: mark.line + 1, column: mark.column + 1) }
}
