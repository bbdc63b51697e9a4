internal import CAssets

/// A range of the binary's read-only data: lives as long as the process and never changes.
package struct EmbeddedBytes: @unchecked Sendable {
    package let buffer: UnsafeRawBufferPointer
}

/// One file that the binary carries.
package struct Asset: Sendable {
    /// From the root of the repository: `web-static/index.html`.
    package let path: String
    package let bytes: EmbeddedBytes
    package let gzip: EmbeddedBytes?
    /// 32 hexadecimal digits that change with the bytes.
    package let digest: String
}

/// The files of `web-static`, `seed` and `schemas` as they were when `scripts/embed-assets` ran. Looking at one reads nothing of
/// the others: pages of the binary come into memory as they are sent.
package enum Assets {
    package static func file(_ path: String) -> Asset? {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            let order = compare(path, middle)
            if order == 0 { return asset(middle) }
            if order < 0 { high = middle } else { low = middle + 1 }
        }
        return nil
    }

    /// In byte order of their paths.
    package static func list(under prefix: String) -> [Asset] {
        (0..<count).map(asset).filter { $0.path.utf8.starts(with: prefix.utf8) }
    }

    private static var count: Int { pao_asset_count() }
    private static func row(_ index: Int) -> pao_asset { pao_asset_at(index).pointee }

    /// Negative when `path` comes before the row's.
    private static func compare(_ path: String, _ index: Int) -> Int {
        let other = String(cString: row(index).path)
        if path.utf8.elementsEqual(other.utf8) { return 0 }
        return path.utf8.lexicographicallyPrecedes(other.utf8) ? -1 : 1
    }

    private static func asset(_ index: Int) -> Asset {
        let row = row(index)
        let gzip = row.gzip.map { EmbeddedBytes(buffer: UnsafeRawBufferPointer(start: $0, count: row.gzip_size)) }
        return Asset(
            path: String(cString: row.path),
            bytes: EmbeddedBytes(buffer: UnsafeRawBufferPointer(start: row.bytes, count: row.size)), gzip: gzip,
            digest: String(cString: row.digest))
    }
}
