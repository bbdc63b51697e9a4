package import Base

/// Signatures of webhooks, ours (Standard Webhooks 1.0) and those of others.
package struct WebhookSignature: Sendable {
    private let key: [UInt8]

    /// `whsec_` and base64 as Standard Webhooks has it; any other text is the key by its bytes.
    package init(secret: String) {
        let encoded = secret.hasPrefix("whsec_") ? Base64.decode(String(secret.dropFirst(6))) : nil
        key = encoded ?? Array(secret.utf8)
    }

    /// The three headers to send along. `id` stays the same over all tries of one event.
    package func headers(id: String, at instant: Timestamp, body: [UInt8]) -> [(String, String)] {
        let seconds = String(instant.unixSeconds)
        return [("webhook-id", id), ("webhook-timestamp", seconds), ("webhook-signature", "v1," + Base64.encode(mac(id, seconds, body)))]
    }

    /// Checks the same headers; times may differ by `tolerance`.
    package func verifies(
        id: String, timestamp: String, signature: String, body: [UInt8], now: Timestamp, tolerance: Duration = .seconds(300)
    ) -> Bool {
        guard let seconds = Int(timestamp), (now - tolerance).unixSeconds...(now + tolerance).unixSeconds ~= seconds else {
            return false
        }
        let expected = mac(id, timestamp, body)
        return signature.split(separator: " ").contains { entry in
            entry.hasPrefix("v1,") && Base64.decode(String(entry.dropFirst(3))).map { Hash.equal($0, expected) } ?? false
        }
    }

    /// `X-Hub-Signature-256` of GitHub and `X-Hub-Signature` of JIRA: `sha256=` and hexadecimal.
    package func verifies(hubSignature: String, body: [UInt8]) -> Bool {
        guard hubSignature.hasPrefix("sha256="), let given = bytes(hex: String(hubSignature.dropFirst(7))) else { return false }
        return Hash.equal(given, Hash.hmacSHA256(key: key, body))
    }

    private func mac(_ id: String, _ timestamp: String, _ body: [UInt8]) -> [UInt8] {
        Hash.hmacSHA256(key: key, Array("\(id).\(timestamp).".utf8) + body)
    }
}
