import CSodium
import Glibc

/// What the process holds in memory without needing it: code that only starting up ran, and freed pieces of the heap.
package enum Footprint {
    /// Blocks of a megabyte and more (the answers of other systems) go back to the kernel when they are freed. Unless it is told, glibc
    /// keeps them in its heap once it has freed the first one. To be called once, when the program starts.
    package static func returnLargeBlocks() { pao_return_large_blocks(1 << 20) }

    /// The kernel takes the pages of program code back (they stay in its cache of the file, and are mapped again where the code runs
    /// again) and those of the heap that are free.
    package static func release() {
        for mapping in codeMappings { madvise(UnsafeMutableRawPointer(bitPattern: mapping.lowerBound), mapping.count, MADV_DONTNEED) }
        pao_trim_heap()
    }

    /// Only mappings that cannot be written to: their pages are as in the file.
    private static var codeMappings: [Range<UInt>] {
        text(of: "/proc/self/maps").split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ", omittingEmptySubsequences: true)
            guard fields.count >= 6, fields[1] == "r-xp", fields[5].hasPrefix("/") else { return nil }
            let bounds = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            return bounds.count == 2 && bounds[0] < bounds[1] ? bounds[0]..<bounds[1] : nil
        }
    }

    /// Empty where it cannot be read.
    private static func text(of path: String) -> String {
        guard let file = fopen(path, "re") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
