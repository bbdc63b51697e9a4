import Base
package import Identity
import Web

/// `/auth`: sign in with a password, see the session, sign out.
package struct AuthRoutes: Sendable {
    let sessions: Sessions
    let gatekeeper: Gatekeeper
    let isSecure: Bool

    package init(sessions: Sessions, gatekeeper: Gatekeeper, isSecure: Bool) {
        self.sessions = sessions
        self.gatekeeper = gatekeeper
        self.isSecure = isSecure
    }

    package var endpoints: [Endpoint] {
        [
            .change(
                "POST", "/api/v1/auth/login", .anonymous, "Sign in; sets the session cookie",
                body: .object([
                    .init("user", .string, required: true, "Login name."), .init("password", .string, required: true, "Password."),
                ]), answer: "`{user}`", login),
            .get("/api/v1/auth/session", .authenticated, "Who I am", answer: "`{user}`", session),
            .change("POST", "/api/v1/auth/logout", .authenticated, "Sign out; the session ends", answer: "Nothing", status: 204, logout),
        ]
    }

    @Sendable private func login(_ call: Call) async throws(PAOError) -> Response {
        if call.request.headers["Origin"] != nil || call.request.headers["Sec-Fetch-Site"] != nil {
            try gatekeeper.checkOrigin(call.request)
        }
        let origin = Origin(
            address: call.request.remoteAddress, agent: call.request.headers["User-Agent"], correlationID: call.request.correlationId)
        let (cookie, principal) = try await sessions.signIn(
            login: try call.required("user"), password: call.text("password") ?? "", from: origin)
        var response = Response.json(["user": Self.json(principal.actor(correlationID: ""), name: principal.user.name)])
        response.headers["Set-Cookie"] = setCookie(cookie, maxAge: Session.lifetime)
        return response
    }

    private func setCookie(_ value: String, maxAge: Duration) -> String {
        "\(gatekeeper.cookieName)=\(value); Path=/; HttpOnly; SameSite=Lax; Max-Age=\(maxAge.milliseconds / 1000)"
            + (isSecure ? "; Secure" : "")
    }

    @Sendable private func session(_ call: Call) throws(PAOError) -> Response {
        .json(["user": Self.json(call.actor, name: call.actor.login)])
    }

    @Sendable private func logout(_ call: Call) async throws(PAOError) -> Response {
        if let cookie = gatekeeper.cookie(call.request) {
            let principal = try sessions.authenticate(cookie)
            try await sessions.revoke(principal.credentialID, by: call.actor)
        }
        var response = Response(status: 204)
        response.headers["Set-Cookie"] = setCookie("", maxAge: .zero)
        return response
    }

    static func json(_ actor: Actor, name: String) -> JSON {
        [
            "login": .string(actor.login), "name": .string(name), "email": .optional(actor.email),
            "teams": .array(actor.teams.map(JSON.string)),
            "permissions": .array(actor.permissions.map(\.rawValue).sorted().map(JSON.string)),
        ]
    }
}
