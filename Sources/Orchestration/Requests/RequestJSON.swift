package import Base

extension ServiceRequest {
    /// The public shape of a request, secret values masked.
    package var json: JSON {
        [
            "id": .string(id), "catalogItemId": kind == .item ? .string(catalogID) : nil,
            "catalogBundleId": kind == .bundle ? .string(catalogID) : nil,
            "updateItemId": kind == .update ? .string(catalogID) : nil,
            "upgradeItemId": kind == .upgrade ? .string(catalogID) : nil,
            "catalogVersion": .string(catalogVersion), "requestType": .string(type.rawValue), "userId": .string(requester.login),
            "team": .string(requester.team), "status": .string(status.rawValue), "stopping": .bool(isStopping),
            "statusReason": .optional(stopReason), "waiting": hold?.json ?? .null,
            "componentId": .optional(componentID), "fulfillmentMode": .string(mode.rawValue), "requestData": Sealed.masked(parameters),
            "currentAction": .optional(unfinishedAction),
            "actions": .array(steps.map(\.json)), "errorContext": errorContext ?? .null, "instanceId": .optional(instanceID),
            "escalationTicketId": .optional(escalationTicketID), "correlationId": .string(correlationID),
            "startAfter": .optional(startAfter?.description), "createdAt": .string(createdAt.description),
            "updatedAt": .string(updatedAt.description), "startedAt": .optional(startedAt?.description),
            "completedAt": .optional(completedAt?.description),
        ]
    }

    package var statusJSON: JSON {
        [
            "id": .string(id), "status": .string(status.rawValue), "currentAction": .optional(unfinishedAction),
            "stopping": .bool(isStopping), "progress": progress, "updatedAt": .string(updatedAt.description),
        ]
    }

    /// One line of a list: no attempts, no data.
    package var summaryJSON: JSON {
        [
            "id": .string(id), "catalogItemId": kind == .item ? .string(catalogID) : nil,
            "catalogBundleId": kind == .bundle ? .string(catalogID) : nil, "catalogVersion": .string(catalogVersion),
            "requestType": .string(type.rawValue), "userId": .string(requester.login), "team": .string(requester.team),
            "status": .string(status.rawValue), "stopping": .bool(isStopping), "currentAction": .optional(unfinishedAction),
            "progress": progress, "instanceId": .optional(instanceID), "createdAt": .string(createdAt.description),
            "updatedAt": .string(updatedAt.description), "completedAt": .optional(completedAt?.description),
        ]
    }

    /// The first action that is neither completed nor skipped.
    package var unfinishedAction: String? { steps.first { $0.status != .completed && $0.status != .skipped }?.id }

    private var progress: JSON {
        [
            "completed": .int(steps.count { $0.status == .completed || $0.status == .skipped }),
            "total": .int(steps.count),
        ]
    }
}

extension Step {
    package var json: JSON {
        [
            "id": .string(id), "name": .string(name), "type": .string(type), "status": .string(status.rawValue),
            "position": .int(position), "dependsOn": .array(dependsOn.map(JSON.string)),
            "attempts": .array(attempts.map(\.json)), "outputs": Sealed.masked(outputs ?? [:]),
            "reason": .optional(reason), "externalReference": .optional(externalReference), "externalUrl": .optional(externalURL),
            "dueAt": .optional(dueAt?.description), "completedBy": .optional(completedBy),
            "startedAt": .optional(startedAt?.description), "completedAt": .optional(completedAt?.description),
        ]
    }
}

extension Attempt {
    package var json: JSON {
        [
            "number": .int(number), "status": .string(status.rawValue), "startedAt": .string(startedAt.description),
            "completedAt": .optional(completedAt?.description), "errorType": .optional(failure?.type),
            "errorMessage": .optional(failure?.message), "errorDetails": failure?.details ?? .null,
            "externalId": .optional(externalID), "externalUrl": .optional(externalURL),
            "verification": verification ?? .null, "nextAttemptAt": .optional(nextAttemptAt?.description),
        ]
    }
}
