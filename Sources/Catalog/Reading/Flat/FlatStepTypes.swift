import Documents

/// The flat dialect's step types (`HttpPost`, `JiraTicket`, ...) and its spelling of verifications in documents of the canonical dialect:
/// they mean the same there.
struct FlatStepTypes {
    let report: FindingReport

    func respelled(_ root: YAMLNode) -> YAMLNode {
        root.changing("fulfillment") { fulfillment in fulfillment.changing("manual", actions).changing("automatic", actions) }
            .changing("instance") { instance in instance.changing("decommission", actions) }
            .changing("rollback", actions)
    }

    private func actions(_ node: YAMLNode) -> YAMLNode {
        node.changing("actions") { list in
            list.elements?.contains(where: isFlat) == true ? list.mapElements { isFlat($0) ? action($0) : $0 } : list
        }
    }

    private func isFlat(_ action: YAMLNode) -> Bool {
        if FlatConfigs.types.contains(where: { $0.key == action["type"]?.string }) { return true }
        let verifications = action["verification"].map { $0.elements ?? [$0] } ?? []
        return verifications.contains { $0["type"]?.string?.contains("_") == true }
    }

    private func action(_ node: YAMLNode) -> YAMLNode {
        let configs = FlatConfigs(report: report)
        let type = node["type"]?.string ?? ""
        return node.changing("type", configs.type)
            .changing("config") { isCanonical($0) ? $0 : configs.config($0, type) }
            .changing("verification", FlatActions(report: report, outputs: [:]).verification)
    }

    /// A configuration that only the canonical dialect writes so.
    private func isCanonical(_ config: YAMLNode) -> Bool {
        ["endpoint", "ticket", "moduleSource", "backendConfig"].contains { config[$0] != nil }
    }
}

extension YAMLNode {
    /// The mapping with the value of one key changed; as it is where the key is missing.
    fileprivate func changing(_ key: String, _ change: (YAMLNode) -> YAMLNode) -> YAMLNode {
        guard case .mapping(var pairs) = content, let index = pairs.firstIndex(where: { $0.key.text == key }) else { return self }
        pairs[index].value = change(pairs[index].value)
        return YAMLNode(.mapping(pairs), at: position)
    }
}
