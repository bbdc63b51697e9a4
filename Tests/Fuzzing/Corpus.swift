import Foundation

enum Corpus {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Every file that is named or below a named folder, in the order of their paths; those that are longer are left out.
    static func files(_ paths: [String], longest: Int) -> [[UInt8]] {
        paths.flatMap { contents(root.appending(path: $0)) }.compactMap { url in
            guard let data = try? Data(contentsOf: url), data.count <= longest else { return nil }
            return [UInt8](data)
        }
    }

    private static func contents(_ url: URL) -> [URL] {
        let names = (try? FileManager.default.subpathsOfDirectory(atPath: url.path())) ?? []
        return names.isEmpty ? [url] : names.sorted().map { url.appending(path: $0) }
    }

    static func text(_ path: String) -> String {
        (try? String(contentsOf: root.appending(path: path), encoding: .utf8)) ?? ""
    }
}
