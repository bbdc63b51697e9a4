import Testing

@testable import Catalog

/// The example file of GitHub's documentation ("About code owners"), and what its comments say.
@Suite struct CodeOwnersTests {
    static let documented = CodeOwners(
        """
        # This is a comment.
        # Each line is a file pattern followed by one or more owners.
        *       @global-owner1 @global-owner2
        *.js    @js-owner #This is an inline comment.
        *.go docs@example.com
        *.txt @octo-org/octocats
        /build/logs/ @doctocat
        docs/* docs@example.com
        apps/ @octocat
        /docs/ @doctocat
        /scripts/ @doctocat @octocat
        **/logs @octocat
        /apps/ @octocat
        /apps/github
        """)

    static let expectations: [(String, [String])] = [
        ("README.md", ["@global-owner1", "@global-owner2"]),
        ("src/index.js", ["@js-owner"]),
        ("cmd/main.go", ["docs@example.com"]),
        ("notes/todo.txt", ["@octo-org/octocats"]),
        ("build/logs/today/a.log", ["@octocat"]),
        ("docs/getting-started.md", ["@doctocat"]),
        ("docs/build-app/troubleshooting.md", ["@doctocat"]),
        ("tools/apps/x.md", ["@octocat"]),
        ("scripts/run.sh", ["@doctocat", "@octocat"]),
        ("deeply/nested/logs/a.md", ["@octocat"]),
        ("apps/web/a.md", ["@octocat"]),
        ("apps/github/a.md", []),
    ]

    @Test("GitHub's documented example", arguments: expectations)
    func example(_ path: String, _ owners: [String]) { #expect(Self.documented.owners(of: path) == owners) }

    static let patterns: [(String, String, Bool)] = [
        ("docs/*", "docs/getting-started.md", true), ("docs/*", "docs/build-app/troubleshooting.md", false),
        ("docs/*", "other/docs/a.md", false), ("apps/", "a/apps/b", true), ("apps/", "apps", false), ("/apps/", "a/apps/b", false),
        ("*.js", "a/b.js", true), ("*.js", "a/b.jsx", false), ("/*.js", "a/b.js", false), ("**/logs", "logs", true),
        ("**/logs", "a/b/logs/c", true), ("a/**/b", "a/b", true), ("a/**/b", "a/x/y/b/c", true), ("a/**", "a/b/c", true),
        ("/build/logs/", "build/logs/x", true), ("/build/logs/", "build/logs", false), ("*", "any/thing", true), ("/", "any/thing", true),
        ("/src/a?c", "src/abc", true), ("/src/a?c", "src/abbc", false), ("/a\\ b/", "a b/c", true), ("*a*b*c", "xxaxxbxxc", true),
    ]

    @Test("patterns", arguments: patterns)
    func pattern(_ pattern: String, _ path: String, _ matches: Bool) {
        #expect(CodeOwners("\(pattern) @me").owners(of: path).isEmpty != matches)
    }

    @Test("the last match wins, and a pattern without owners takes ownership away")
    func lastMatch() {
        let owners = CodeOwners("* @a\n/x/ @b\n/x/y/\n")
        #expect(owners.owners(of: "z") == ["@a"])
        #expect(owners.owners(of: "x/z") == ["@b"])
        #expect(owners.owners(of: "x/y/z") == [])
    }

    @Test("teams are the part after the slash; people and addresses are no teams")
    func teams() {
        let owners = CodeOwners("* @org/platform-team @ada ada@example.com @org/data")
        #expect(owners.teams(of: "a") == ["platform-team", "data"])
    }

    @Test("patterns that CODEOWNERS does not know are skipped with a warning")
    func refused() {
        let owners = CodeOwners("* @a\n!x @b\n[ab] @c\n\\#x @d\n")
        #expect(owners.findings.map(\.line) == [2, 3, 4])
        #expect(owners.owners(of: "x") == ["@a"])
    }

    @Test("lines whose owners GitHub could not know are skipped with a warning")
    func strangers() {
        let owners = CodeOwners("* @a\n/x platform\n/y @org/\n/z @org/team/more\n/v a@b@c\n/w ada@example.com @org/team @b-c\n")
        #expect(owners.findings.map(\.line) == [2, 3, 4, 5])
        #expect(owners.owners(of: "x") == ["@a"])
        #expect(owners.owners(of: "w") == ["ada@example.com", "@org/team", "@b-c"])
    }

    @Test("paths are told apart by case, as GitHub does")
    func letterCase() { #expect(CodeOwners("/Docs/ @a").owners(of: "docs/a") == []) }

    /// The last example of the page: a folder in a folder with owners of its own.
    @Test("an owned folder in an owned folder")
    func inner() {
        let owners = CodeOwners("/apps/ @octocat\n/apps/github @doctocat\n")
        #expect(owners.owners(of: "apps/web/a.md") == ["@octocat"])
        #expect(owners.owners(of: "apps/github/a.md") == ["@doctocat"])
    }

    @Test("a hostile pattern answers at once")
    func hostile() {
        let pattern = Array(repeating: "**", count: 40).joined(separator: "/a/")
        let path = Array(repeating: "a", count: 40).joined(separator: "/") + "/b"
        #expect(CodeOwners("/\(pattern)/c @me").owners(of: path) == [])
    }
}
