internal import Base
internal import Glibc

/// The dashboard's files: those inside the binary, or those of a directory, which show every change at once (for development).
///
/// A path without a dot that names no file gets `index.html`: the pages of the dashboard have addresses of their own. Paths under
/// `api` never do. Each answer is to be revalidated by its entity tag, so that a new release shows at the next click.
package struct StaticFiles: Sendable {
    private enum Source: Sendable {
        case assets(prefix: String, lookup: @Sendable (String) -> Asset?)
        case directory(String)
    }

    private struct File {
        let tag: String
        let bytes: Response.Body
        let gzip: Response.Body?
    }

    private let source: Source

    /// Embedded files below a folder of the repository.
    package init(assetsUnder prefix: String = "web-static/", lookup: @escaping @Sendable (String) -> Asset? = Assets.file) {
        source = .assets(prefix: prefix, lookup: lookup)
    }

    package init(directory: String) { source = .directory(directory) }

    /// nil where there is no such file and no page to stand for it.
    func answer(_ request: Request) -> Response? {
        let path = request.path.isEmpty ? ["index.html"] : request.path
        if let file = file(path) { return respond(file, type: Self.type(of: path.last ?? ""), request) }
        guard path.first != "api", path.last?.utf8.contains(UInt8(ascii: ".")) == false, let page = file(["index.html"]) else {
            return nil
        }
        return respond(page, type: "text/html; charset=utf-8", request)
    }

    private func respond(_ file: File, type: String, _ request: Request) -> Response {
        let wantsGzip = file.gzip != nil && Self.accepts(gzip: request.headers.all("Accept-Encoding"))
        let tag = wantsGzip ? "\"\(file.tag)-gzip\"" : "\"\(file.tag)\""
        var response = Response(headers: [
            "ETag": tag, "Cache-Control": "no-cache", "Content-Security-Policy": SecurityHeaders.pagePolicy,
        ])
        if file.gzip != nil { response.headers["Vary"] = "Accept-Encoding" }
        if Self.matches(request.headers.all("If-None-Match"), tag) {
            response.status = 304
            return response
        }
        response.headers["Content-Type"] = type
        if wantsGzip { response.headers["Content-Encoding"] = "gzip" }
        response.body = wantsGzip ? file.gzip ?? file.bytes : file.bytes
        return response
    }

    private func file(_ path: [String]) -> File? {
        switch source {
        case .assets(let prefix, let lookup):
            guard let asset = lookup(prefix + path.joined(separator: "/")) else { return nil }
            return File(tag: asset.digest, bytes: .embedded(asset.bytes), gzip: asset.gzip.map { .embedded($0) })
        case .directory(let root):
            guard let bytes = Self.read(root, path) else { return nil }
            return File(tag: String(Hash.sha256(bytes).hex.prefix(32)), bytes: .bytes(bytes), gzip: nil)
        }
    }

    /// Segments hold no slash, NUL or dots alone; hidden files are not served, and links are not followed out of the directory.
    private static func read(_ root: String, _ path: [String]) -> [UInt8]? {
        guard !path.contains(where: { $0.hasPrefix(".") }), let base = realpath(root, nil) else { return nil }
        defer { free(base) }
        guard let full = realpath(root + "/" + path.joined(separator: "/"), nil) else { return nil }
        defer { free(full) }
        guard String(cString: full).utf8.starts(with: (String(cString: base) + "/").utf8) else { return nil }
        return contents(full)
    }

    private static func contents(_ path: UnsafePointer<CChar>) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size >= 0 else { return nil }
        return [UInt8](unsafeUninitializedCapacity: status.st_size) { buffer, count in
            while count < buffer.count {
                let got = Glibc.read(file, buffer.baseAddress.map { $0 + count }, buffer.count - count)
                guard got > 0 else { return }
                count += got
            }
        }
    }
}

/// Negotiation (RFC 9110, sections 12.5.3 and 13.1.2).
extension StaticFiles {
    static func accepts(gzip fields: [String]) -> Bool {
        let codings = fields.flatMap { $0.split(separator: ",") }
        return codings.contains { coding in
            let parts = coding.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
            guard let name = parts.first, name == "gzip" || name == "*" else { return false }
            return !parts.dropFirst().contains { ["q=0", "q=0.0", "q=0.00", "q=0.000"].contains($0) }
        }
    }

    static func matches(_ fields: [String], _ tag: String) -> Bool {
        fields.flatMap { $0.split(separator: ",") }.contains { candidate in
            let text = candidate.filter { $0 != " " && $0 != "\t" }
            return text == "*" || text == tag || text == "W/" + tag
        }
    }

    static func type(of name: String) -> String {
        let parts = name.split(separator: ".")
        return types[parts.count > 1 ? String(parts[parts.count - 1]).lowercased() : ""] ?? "application/octet-stream"
    }

    private static let types = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "mjs": "text/javascript; charset=utf-8", "svg": "image/svg+xml", "json": "application/json",
        "txt": "text/plain; charset=utf-8", "md": "text/plain; charset=utf-8", "yaml": "application/yaml",
        "yml": "application/yaml", "woff2": "font/woff2", "png": "image/png", "ico": "image/x-icon",
        "webmanifest": "application/manifest+json",
    ]
}
