import Base
import Documents

/// Values of an action's `config` that are wrong whatever is entered, since no template is in them: each would fail the first request.
struct ConstantCheck {
    let report: FindingReport

    func check(_ config: YAMLNode, of type: String) {
        switch type {
        case "rest-api":
            checkAddress(config["endpoint"]?["url"] ?? config["url"])
            checkJSON(config["body"])
        case "webhook": checkAddress(config["url"])
        case "jira-ticket": checkTitle(config["ticket"] ?? config, ["summaryTemplate", "summary"])
        case "servicenow-ticket": checkTitle(config, ["shortDescription", "summary", "title"])
        case "manual-task": checkTitle(config, ["title", "summaryTemplate", "summary"])
        case "email":
            checkTitle(config, ["subject", "summaryTemplate", "summary", "title"])
            for key in ["to", "recipients", "cc", "from"] { checkMailAddresses(config[key]) }
        case "terraform": checkTerraform(config)
        default: break
        }
    }

    /// The text of a node without tags of templates; nil for anything else.
    private func constant(_ node: YAMLNode?) -> (text: String, place: Position)? {
        guard let node, let text = node.string, !TemplateReader.holdsTags(text, .flat) else { return nil }
        return (text, node.position)
    }

    private func checkAddress(_ node: YAMLNode?) {
        guard let (text, place) = constant(node), !TextFormat.url.matches(text) else { return }
        report.error(.badValue, "An address to call begins with https:// or http:// and a host, not \(Self.shown(text)).", at: place)
    }

    private func checkJSON(_ body: YAMLNode?) {
        if let node = body?["contentTemplate"], let text = node.string, body?["type"]?.text ?? "json" == "json" {
            checkFilledJSON(text, at: node.position)
        }
        guard let (text, place) = constant(body?["contentTemplate"]), body?["type"]?.text ?? "json" == "json" else { return }
        do throws(PAOError) {
            _ = try JSON.parse(text)
        } catch {
            report.error(.badValue, "The body is declared as JSON, and is none: \(error.message)", at: place)
        }
    }

    /// What no value of its tags can make JSON of. Blocks and raw tags write anything.
    private func checkFilledJSON(_ text: String, at place: Position) {
        guard let texts = Self.filled(text, with: "\"x\""), let numbers = Self.filled(text, with: "1"), texts != text,
            (try? JSON.parse(numbers)) == nil
        else { return }
        do throws(PAOError) {
            _ = try JSON.parse(texts)
        } catch {
            report.error(.badValue, "The body is declared as JSON, and is none whatever its tags give: \(error.message)", at: place)
        }
    }

    /// The text with a value in place of each tag, a letter inside of texts; nil where there are other tags than expressions.
    private static func filled(_ text: String, with value: String) -> String? {
        var (result, rest, isInText) = ("", text[...], false)
        while let scalar = rest.unicodeScalars.first {
            if rest.hasPrefix("{{") {
                guard let next = rest.dropFirst(2).unicodeScalars.first, !"{#/!~%^>".unicodeScalars.contains(next),
                    let end = rest.firstRange(of: "}}"), !rest[..<end.lowerBound].contains("else")
                else { return nil }
                result += isInText ? "x" : value
                rest = rest[end.upperBound...]
                continue
            }
            if rest.hasPrefix("{%") { return nil }
            let isEscape = scalar == "\\" && isInText
            if scalar == "\"" { isInText.toggle() }
            result.unicodeScalars.append(contentsOf: rest.unicodeScalars.prefix(isEscape ? 2 : 1))
            rest = Substring(rest.unicodeScalars.dropFirst(isEscape ? 2 : 1))
        }
        return result
    }

    private func checkTitle(_ map: YAMLNode, _ keys: [String]) {
        guard let key = keys.first(where: { map[$0] != nil }), let (text, place) = constant(map[key]),
            text.allSatisfy(\.isWhitespace)
        else { return }
        report.error(.badValue, "\(key) must not be empty.", at: place)
    }

    /// One text with commas, or a list; `Ada <ada@example.com>` as well as the address alone.
    private func checkMailAddresses(_ node: YAMLNode?) {
        for (text, place) in (node?.elements ?? [node].compactMap { $0 }).compactMap(constant) {
            for part in text.split(whereSeparator: { $0 == "," || $0 == ";" }) {
                let inside = part.split(separator: "<").last ?? part
                let address = inside.filter { $0 != ">" && !$0.isWhitespace }
                if TextFormat.email.matches(String(address)) { continue }
                report.error(.badValue, "A mail address has a name and a domain, such as name@example.com, not \(part).", at: place)
            }
        }
    }

    private func checkTerraform(_ config: YAMLNode) {
        if let (text, place) = constant(config["moduleSource"]), text.allSatisfy(\.isWhitespace) {
            report.error(.badValue, "moduleSource must not be empty.", at: place)
        }
        for variable in config["variables"]?.members ?? [] where !Self.isTerraformName(variable.key) {
            report.error(
                .badValue, "A variable of Terraform begins with a letter or _ and has letters, digits, _ and - only, not \(variable.key).",
                at: variable.keyPosition)
        }
        guard let (text, place) = constant(config["workspace"]) else { return }
        if text.isEmpty || text.utf8.count > 90 || !text.utf8.allSatisfy(Self.isNameByte) {
            report.error(.badValue, "A workspace is at most 90 letters, digits, - and _, not \(Self.shown(text)).", at: place)
        }
    }

    private static func isTerraformName(_ name: String) -> Bool {
        guard let first = name.utf8.first, isNameByte(first), first != 0x2D, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy(isNameByte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x5F
    }

    private static func shown(_ text: String) -> String { text.isEmpty ? "an empty text" : String(text.prefix(80)) }
}
