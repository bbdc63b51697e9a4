import Base
import Catalog
import Documents

// What a step remembers while it waits for the other side: sealed among its frozen values, and gone with its next try. It survives a
// crash, since it is written together with the fact that the step waits.

extension RequestRun {
    private static let memoryKey = "memory"

    mutating func remember(_ index: Int, _ memory: JSON) {
        guard !memory.isNull else { return }
        var frozen = request.steps[index].frozen ?? [:]
        frozen[Self.memoryKey] = settings.seal(memory)
        request.steps[index].frozen = frozen
        changes.dirtySteps.insert(request.steps[index].id)
    }

    mutating func forget(_ index: Int) {
        guard request.steps[index].frozen?[Self.memoryKey] != nil else { return }
        request.steps[index].frozen?[Self.memoryKey] = nil
        changes.dirtySteps.insert(request.steps[index].id)
    }

    /// A person wants it to be waited for again: the time limit of waiting begins anew.
    mutating func restartWaiting(_ index: Int) {
        var memory = memory(of: request.steps[index])
        guard memory["since"] != nil else { return }
        memory["since"] = .string(now.description)
        remember(index, memory)
    }

    func memory(of step: Step) -> JSON {
        guard let sealed = step.frozen?[Self.memoryKey] else { return .null }
        return Sealed.ciphertext(sealed).map(settings.open) ?? sealed
    }

    /// Those of the completed steps, and for a step that waits what its answer has already given.
    func outputs(seenBy index: Int?) -> JSON {
        var outputs = knownOutputs
        guard let index, let evidence = memory(of: request.steps[index])["evidence"], let action = action(of: request.steps[index]) else {
            return outputs
        }
        outputs[action.id] = .object(givenAndDeclaredOutputs(action, evidence))
        return outputs
    }

    private func givenAndDeclaredOutputs(_ action: Action, _ evidence: JSON) -> JSONObject {
        var outputs = givenOutputs(action, evidence)
        for output in action.outputs {
            guard let value = (try? Verifier.select(output.path, in: evidence["body"] ?? .null)) ?? outputs[output.name] else { continue }
            outputs[output.name] = output.isSensitive ? settings.seal(value) : value
        }
        return outputs
    }

    /// What the action type gives by itself; those that the other side marks as sensitive are sealed.
    func givenOutputs(_ action: Action, _ evidence: JSON) -> JSONObject {
        var outputs = evidence["outputs"]?.object ?? JSONObject()
        if action.type == "rest-api" {
            for name in ["status", "headers", "body"] where reads(name, of: action.id) { outputs[name] = evidence[name] }
        }
        for name in evidence["sensitive"]?.array?.compactMap(\.string) ?? [] {
            if let value = outputs[name], Sealed.ciphertext(value) == nil { outputs[name] = settings.seal(value) }
        }
        return outputs
    }
}

// Which outputs a Terraform module has is the module's to say: a document may read them without declaring them. The parts of an answer
// (`status`, `headers`, `body`) are outputs where a document reads them: kept for nobody they could only leak.

extension RequestRun {
    func withImpliedOutputs(_ action: Action) -> Action {
        guard action.type == "terraform", action.outputs.isEmpty else { return action }
        var action = action
        action.outputs = outputs(readOf: action.id).map { Action.Output(name: $0, path: $0, isSensitive: false) }
        return action
    }

    private func reads(_ name: String, of id: String) -> Bool { outputs(readOf: id).contains(name) }

    private func outputs(readOf id: String) -> [String] {
        var trees = actions.flatMap { action in [action.config] + action.verification.map(\.parameters) }
        if let instance = document.instance { trees += [instance.outputs, instance.resources] }
        let references = trees.flatMap(\.references) + actions.compactMap(\.condition).flatMap(\.references)
        return references.outputs(of: id).filter { !TerraformAction.ownOutputs.contains($0) }
    }

    /// Whether the action cannot be carried out, or decided about, without the outputs of that step.
    func needs(_ id: String, _ action: Action) -> Bool {
        Self.need(id, [action.config] + action.verification.map(\.parameters))
            || !(action.condition?.references ?? []).outputs(of: id).isEmpty
    }

    static func need(_ id: String, _ trees: [TemplateTree]) -> Bool {
        !trees.flatMap(\.references).filter { !$0.hasDefault && !$0.isConditional }.outputs(of: id).isEmpty
    }
}

extension TemplateTree {
    fileprivate var references: [TemplateReference] { templates.flatMap(\.template.references) }
}

extension [TemplateReference] {
    /// The names of the step's outputs among them.
    fileprivate func outputs(of id: String) -> [String] {
        compactMap { reference in
            guard reference.path.count > 2, reference.path[0] == .key("outputs"), reference.path[1] == .key(id),
                case .key(let name) = reference.path[2]
            else { return nil }
            return name
        }.uniqued
    }
}

extension Action {
    /// Without what would be polled for, where a person said to skip the verification.
    func without(_ skipsVerification: Bool) -> Action {
        guard skipsVerification else { return self }
        var action = self
        action.verification.removeAll { PolledVerification.types.contains($0.type) }
        return action
    }
}
