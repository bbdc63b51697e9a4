import Base

package enum GitHubAddress {
    /// `owner/name` of a repository that the GitHub with this API holds; nil for one elsewhere.
    package static func repository(of url: String, apiURL: String) -> String? {
        let apiHost = apiURL.split(separator: "/").dropFirst().first.map { String($0) } ?? ""
        let host = apiHost == "api.github.com" ? "github.com" : apiHost
        let parts = url.split(separator: "/")
        guard parts.count == 4, parts[1] == host || parts[1].hasSuffix("@" + host) else { return nil }
        let name = parts[3].hasSuffix(".git") ? parts[3].dropLast(4) : parts[3]
        let repository = "\(parts[2])/\(name)"
        return isRepository(repository) ? repository : nil
    }

    package static func isRepository(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2
            && parts.allSatisfy { part in
                !part.isEmpty && part != "." && part != ".." && part.utf8.allSatisfy { PercentEncoding.isUnreserved($0) }
            }
    }
}
