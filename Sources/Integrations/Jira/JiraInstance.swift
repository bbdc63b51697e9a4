package import Base

/// One JIRA that tickets can be opened in.
package struct JiraInstance: Sendable {
    package enum APIVersion: Int, Sendable {
        /// Server and Data Center; texts are wiki markup.
        case v2 = 2
        /// Cloud; texts are Atlassian Document Format.
        case v3 = 3
    }

    package enum Authentication: Sendable {
        /// The token of an Atlassian account, or a password.
        case apiToken(username: String, token: String)
        /// A personal access token.
        case bearer(token: String)
        case oauth2(OAuth2ClientCredentials)
    }

    package var name: String
    /// Without a slash at its end.
    package var baseURL: String
    package var apiVersion: APIVersion
    package var authentication: Authentication

    package init(name: String, baseURL: String, apiVersion: APIVersion, authentication: Authentication) {
        self.name = name
        self.baseURL = String(baseURL[..<(baseURL.lastIndex { $0 != "/" }.map(baseURL.index(after:)) ?? baseURL.startIndex)])
        self.apiVersion = apiVersion
        self.authentication = authentication
    }

    /// Reads `{baseUrl, apiVersion, authentication: {type, ...}}`, an entry of `integrations.jira.instances`. Without `apiVersion` a
    /// site on atlassian.net is 3, any other 2. Throws `configuration`.
    package init(name: String, configuration: JSON) throws(PAOError) {
        let reader = JiraConfiguration(name: name, value: configuration)
        let address = try reader.text("baseUrl", in: configuration)
        let url: WebAddress
        do throws(TransportFailure) { url = try WebAddress(address) } catch { throw reader.fault("baseUrl: \(error.message)") }
        self.init(
            name: name, baseURL: address, apiVersion: try reader.version(url),
            authentication: try reader.authentication())
    }

    /// Where a person opens the issue.
    package func browseURL(_ key: String) -> String { "\(baseURL)/browse/\(PercentEncoding.encode(key))" }

    /// Markdown in the form of this instance's text fields.
    package func text(_ markdown: String) -> JSON {
        let document = MarkdownDocument(markdown)
        return apiVersion == .v2 ? .string(document.wikiMarkup) : document.atlassianDocument
    }
}

private struct JiraConfiguration {
    let name: String
    let value: JSON

    func version(_ url: WebAddress) throws(PAOError) -> JiraInstance.APIVersion {
        guard let given = value["apiVersion"] else { return url.host.asciiLowercased.hasSuffix(".atlassian.net") ? .v3 : .v2 }
        guard let number = given.int ?? given.string.flatMap({ Int($0) }), let version = JiraInstance.APIVersion(rawValue: number) else {
            throw fault("apiVersion is 2 or 3.")
        }
        return version
    }

    func authentication() throws(PAOError) -> JiraInstance.Authentication {
        let settings = value["authentication"] ?? .null
        switch settings["type"]?.string {
        case "api_token"?: return .apiToken(username: try text("username", in: settings), token: try text("token", in: settings))
        case "bearer"?: return .bearer(token: try text("token", in: settings))
        case "oauth2"?:
            var credentials = OAuth2ClientCredentials(
                tokenURL: settings["tokenUrl"]?.string ?? "https://auth.atlassian.com/oauth/token",
                clientID: try text("clientId", in: settings), clientSecret: try text("clientSecret", in: settings))
            credentials.scope = settings["scope"]?.string
            credentials.audience = settings["audience"]?.string
            return .oauth2(credentials)
        default: throw fault("authentication.type is api_token, bearer or oauth2.")
        }
    }

    func text(_ key: String, in settings: JSON) throws(PAOError) -> String {
        guard let text = settings[key]?.string, !text.isEmpty else { throw fault("\(key) is missing.") }
        return text
    }

    func fault(_ message: String) -> PAOError { PAOError(.configuration, "integrations.jira.instances.\(name): \(message)") }
}
