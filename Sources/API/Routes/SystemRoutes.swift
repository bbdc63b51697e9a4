package import Base
import Web

/// Health, readiness, version and metrics.
package struct SystemRoutes: Sendable {
    package struct Version: Sendable {
        package var version: String
        package var isSandbox: Bool
        package var environmentName: String?

        package init(version: String, isSandbox: Bool, environmentName: String?) {
            self.version = version
            self.isSandbox = isSandbox
            self.environmentName = environmentName
        }
    }

    let version: Version
    /// Name of each part to what is wrong with it; nil is well.
    let health: @Sendable () -> [(part: String, fault: String?)]
    /// Why no request should be sent here now; nil when ready.
    let notReady: @Sendable () -> String?
    let metrics: @Sendable () throws(PAOError) -> String
    let openAPI: @Sendable () -> JSON

    package init(
        version: Version, health: @escaping @Sendable () -> [(part: String, fault: String?)],
        notReady: @escaping @Sendable () -> String?, metrics: @escaping @Sendable () throws(PAOError) -> String,
        openAPI: @escaping @Sendable () -> JSON
    ) {
        self.version = version
        self.health = health
        self.notReady = notReady
        self.metrics = metrics
        self.openAPI = openAPI
    }

    package var endpoints: [Endpoint] {
        [
            .get("/api/v1/health", .anonymous, "What works and what does not", answer: "`{status, checks}`", healthAnswer),
            .get("/api/v1/health/ready", .anonymous, "Whether requests should be sent here", answer: "`{status}`", ready),
            .get("/api/v1/version", .anonymous, "Version and mode", answer: "`{version, sandbox, environmentName}`") { _ throws(PAOError) in
                .json([
                    "version": .string(version.version), "sandbox": .bool(version.isSandbox),
                    "environmentName": .optional(version.environmentName),
                ])
            },
            .get("/api/v1/metrics", .anonymous, "Metrics for Prometheus", answer: "OpenMetrics text") { _ throws(PAOError) in
                var response = Response(body: Array(try metrics().utf8))
                response.headers["Content-Type"] = "text/plain; version=0.0.4; charset=utf-8"
                return response
            },
            .get("/api/v1/openapi.json", .anonymous, "This API as OpenAPI 3.1", answer: "An OpenAPI document") { _ throws(PAOError) in
                .json(openAPI())
            },
        ]
    }

    @Sendable private func healthAnswer(_ call: Call) throws(PAOError) -> Response {
        let checks = health()
        let isWell = checks.allSatisfy { $0.fault == nil }
        let json: JSON = [
            "status": isWell ? "ok" : "degraded", "version": .string(version.version),
            "checks": .array(
                checks.map { ["name": .string($0.part), "status": $0.fault == nil ? "ok" : "failed", "message": .optional($0.fault)] }),
        ]
        return .json(json, status: isWell ? 200 : 503)
    }

    @Sendable private func ready(_ call: Call) throws(PAOError) -> Response {
        if let reason = notReady() { return .json(["status": "not ready", "message": .string(reason)], status: 503) }
        return .json(["status": "ready"])
    }
}
