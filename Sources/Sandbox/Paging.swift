import Base
import Web

/// Pages by number, as GitHub and GitLab cut them, with the `Link` header of RFC 8288.
struct Paging {
    let number: Int
    let size: Int
    let total: Int

    init(_ call: Call, total: Int, usual: Int) {
        func parameter(_ name: String, _ fallback: Int) -> Int { max(1, call.parameter(name).flatMap { Int($0) } ?? fallback) }
        size = min(100, parameter("per_page", usual))
        number = min(1_000_000, parameter("page", 1))
        self.total = total
    }

    var last: Int { max(1, (total + size - 1) / size) }

    func cut<Element>(_ all: [Element]) -> ArraySlice<Element> { all.dropFirst((number - 1) * size).prefix(size) }

    /// nil where there is one page only.
    func link(_ call: Call) -> String? {
        guard last > 1 else { return nil }
        var links: [(String, Int)] = []
        if number > 1 { links.append(("prev", min(number - 1, last))) }
        if number < last { links.append(("next", number + 1)) }
        links.append(("last", last))
        links.append(("first", 1))
        return links.map { "<\(address(call, page: $0.1))>; rel=\"\($0.0)\"" }.joined(separator: ", ")
    }

    private func address(_ call: Call, page: Int) -> String {
        let rest = call.query.filter { $0.name != "page" }.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
        return "\(call.origin)\(call.rawPath)?" + (rest + ["page=\(page)"]).joined(separator: "&")
    }
}
