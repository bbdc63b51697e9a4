import Base

/// Builds the tree of blocks. It keeps the open blocks on a stack of its own, at most 16.
struct TemplateParser {
    private struct OpenBlock {
        /// `if`, `unless` or `each` (also for Jinja's `for`).
        var name: String
        var isStatement: Bool
        var position: Position
        /// The branches complete so far, and the test of the one that is being read; nil in an else branch.
        var branches: [TemplateBranch] = []
        var test: ExpressionNode?
        /// The nodes of the branch before `else`, for `each`.
        var loopBody: [TemplateNode] = []
        var hasElse = false
        /// What the branch that is being read holds.
        var nodes: [TemplateNode] = []
    }

    private let bytes: [UInt8]
    private var places: PlaceFinder
    private var resolver: PathResolver
    private var open: [OpenBlock] = []
    private var nodes: [TemplateNode] = []

    init(_ text: String, dialect: TemplateDialect) {
        bytes = Array(text.utf8)
        places = PlaceFinder(bytes[...])
        resolver = PathResolver(dialect: dialect)
    }

    mutating func parse() throws(TemplateFault) -> [TemplateNode] {
        guard bytes.count <= TemplateLimits.templateBytes else { throw TemplateFault(.limit, "the template is longer than 256 KiB") }
        var scanner = TemplateScanner(bytes, dialect: resolver.dialect)
        for piece in try scanner.scan() {
            switch piece {
            case .text(let text): if !text.isEmpty { append(.text(Array(text))) }
            case .tag(let tag): try parse(tag)
            }
        }
        if let block = open.last { throw TemplateFault(.syntax, "the block \(block.name) is not closed", at: block.position) }
        return nodes
    }

    private mutating func append(_ node: TemplateNode) {
        if open.isEmpty { nodes.append(node) } else { open[open.count - 1].nodes.append(node) }
    }

    private mutating func parse(_ tag: TemplateTag) throws(TemplateFault) {
        let position = places.position(at: tag.content.startIndex)
        switch tag.kind {
        case .comment: return
        case .raw: append(.output(try expression(tag.content), isRaw: true, at: position))
        case .statement: try parseStatement(tag.content, at: position)
        case .mustache:
            let (word, rest) = Self.firstWord(tag.content)
            if word == "else" {
                try parseElse(rest, at: position)
            } else if word.hasPrefix("#") {
                try openBlock(String(word.dropFirst()), rest, isStatement: false, at: position)
            } else if word.hasPrefix("/") {
                try closeBlock(Self.closedName(tag.content), isStatement: false, at: position)
            } else {
                append(.output(try expression(tag.content), isRaw: false, at: position))
            }
        }
    }

    private static func firstWord(_ content: ArraySlice<UInt8>) -> (word: String, rest: ArraySlice<UInt8>) {
        let word = content.prefix { !TemplateScanner.isSpace($0) }
        return (String(decoding: word, as: UTF8.self), content[word.endIndex...].drop(while: TemplateScanner.isSpace))
    }

    private static func closedName(_ content: ArraySlice<UInt8>) -> String {
        String(decoding: content.dropFirst().drop(while: TemplateScanner.isSpace), as: UTF8.self)
    }

    private mutating func parseStatement(_ content: ArraySlice<UInt8>, at position: Position) throws(TemplateFault) {
        let (word, rest) = Self.firstWord(content)
        switch word {
        case "if": try openBlock("if", rest, isStatement: true, at: position)
        case "for": try openLoop(rest, at: position)
        case "elif":
            guard !rest.isEmpty else { throw TemplateFault(.syntax, "elif needs a condition", at: position) }
            try continueBlock(with: rest, at: position)
        case "else": try parseElse(rest, at: position)
        case "endif": try closeBlock("if", isStatement: true, at: position)
        case "endfor": try closeBlock("each", isStatement: true, at: position)
        default:
            let known = ["if", "for", "elif", "else", "endif", "endfor"]
            throw TemplateFault(
                .syntax, "there is no statement \(word)", at: position, suggestion: NearestName.suggestion(for: word, among: known))
        }
    }

    private mutating func openBlock(
        _ name: String, _ rest: ArraySlice<UInt8>, isStatement: Bool, at position: Position
    ) throws(TemplateFault) {
        let known = ["if", "unless", "each"]
        guard known.contains(name) else {
            let near = NearestName.suggestion(for: name, among: known).map { "#" + $0 }
            throw TemplateFault(.syntax, "there is no block \(name)", at: position, suggestion: near)
        }
        guard !rest.isEmpty else { throw TemplateFault(.syntax, "\(name) needs an expression", at: position) }
        let test = try expression(rest)
        try push(OpenBlock(name: name, isStatement: isStatement, position: position, test: name == "unless" ? .not(test) : test))
        if name == "each" { resolver.loops.append(nil) }
    }

    /// `for NAME in EXPRESSION`
    private mutating func openLoop(_ rest: ArraySlice<UInt8>, at position: Position) throws(TemplateFault) {
        let (name, afterName) = Self.firstWord(rest)
        let (word, list) = Self.firstWord(afterName)
        let isName = name.utf8.allSatisfy { ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || $0 == 0x5F || ($0 >= 0x30 && $0 <= 0x39) }
        guard isName, !name.isEmpty, word == "in", !list.isEmpty else {
            throw TemplateFault(.syntax, "a loop is written: for NAME in LIST", at: position)
        }
        let test = try expression(list)
        try push(OpenBlock(name: "each", isStatement: true, position: position, test: test))
        resolver.loops.append(name)
    }

    private mutating func push(_ block: OpenBlock) throws(TemplateFault) {
        if open.count >= TemplateLimits.blockDepth {
            throw TemplateFault(.limit, "blocks are nested deeper than \(TemplateLimits.blockDepth)", at: block.position)
        }
        open.append(block)
    }

    /// `else`, `else if EXPRESSION`.
    private mutating func parseElse(_ rest: ArraySlice<UInt8>, at position: Position) throws(TemplateFault) {
        if rest.isEmpty { return try continueBlock(with: nil, at: position) }
        let (word, test) = Self.firstWord(rest)
        guard word == "if", !test.isEmpty else { throw TemplateFault(.syntax, "else stands alone or before: if CONDITION", at: position) }
        try continueBlock(with: test, at: position)
    }

    private mutating func continueBlock(with rest: ArraySlice<UInt8>?, at position: Position) throws(TemplateFault) {
        guard var block = open.last, !block.hasElse else {
            throw TemplateFault(.syntax, open.isEmpty ? "else stands outside of a block" : "the block has an else already", at: position)
        }
        if block.name == "each" {
            guard rest == nil else { throw TemplateFault(.syntax, "else of a loop takes no condition", at: position) }
            block.loopBody = block.nodes
            resolver.loops.removeLast()
        } else if let test = block.test {
            block.branches.append(TemplateBranch(test: test, body: block.nodes))
            block.test = try rest.map { (rest) throws(TemplateFault) in try expression(rest) }
        }
        block.hasElse = rest == nil
        block.nodes = []
        open[open.count - 1] = block
    }

    private mutating func closeBlock(_ name: String, isStatement: Bool, at position: Position) throws(TemplateFault) {
        guard let block = open.last else { throw TemplateFault(.syntax, "\(name) is closed here and was not opened", at: position) }
        guard block.name == name, block.isStatement == isStatement else {
            throw TemplateFault(.syntax, "\(name) is closed here, but \(block.name) of \(block.position) is open", at: position)
        }
        open.removeLast()
        if name == "each", !block.hasElse { resolver.loops.removeLast() }
        append(Self.node(of: block))
    }

    private static func node(of block: OpenBlock) -> TemplateNode {
        if block.name == "each", let list = block.test {
            let (body, otherwise) = block.hasElse ? (block.loopBody, block.nodes) : (block.nodes, [])
            return .each(list, body: body, otherwise: otherwise, at: block.position)
        }
        if block.hasElse { return .conditional(block.branches, otherwise: block.nodes) }
        let last = block.test.map { [TemplateBranch(test: $0, body: block.nodes)] } ?? []
        return .conditional(block.branches + last, otherwise: [])
    }

    private mutating func expression(_ content: ArraySlice<UInt8>) throws(TemplateFault) -> ExpressionNode {
        _ = places.position(at: content.startIndex)
        var lexer = ExpressionLexer(content, places: places)
        var parser = ExpressionParser(try lexer.tokens(), resolver: resolver)
        return try parser.parseAll()
    }
}
