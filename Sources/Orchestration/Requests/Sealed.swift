package import Base

/// A secret inside stored JSON: an object with the one key `$sealed`. What is shown masks it, what is sent opens it.
package enum Sealed {
    static let key = "$sealed"
    package static let mask: JSON = "********"

    static func wrap(_ ciphertext: String) -> JSON { .object(JSONObject([(key, .string(ciphertext))])) }

    static func ciphertext(_ value: JSON) -> String? {
        guard let object = value.object, object.count == 1 else { return nil }
        return object[key]?.string
    }

    /// Whether there is a sealed value in it.
    static func holdsSealed(_ value: JSON) -> Bool {
        if ciphertext(value) != nil { return true }
        switch value {
        case .array(let elements): return elements.contains(where: holdsSealed)
        case .object(let object): return object.contains { holdsSealed($0.value) }
        default: return false
        }
    }

    /// Every sealed value replaced by asterisks.
    package static func masked(_ value: JSON) -> JSON { map(value) { _ in mask } }

    /// Every sealed value replaced by what `open` makes of its ciphertext.
    package static func map(_ value: JSON, _ open: (String) -> JSON) -> JSON {
        if let ciphertext = ciphertext(value) { return open(ciphertext) }
        switch value {
        case .array(let elements): return .array(elements.map { map($0, open) })
        case .object(let object): return .object(JSONObject(object.map { ($0.key, map($0.value, open)) }))
        default: return value
        }
    }
}
