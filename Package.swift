// swift-tools-version: 6.2
import PackageDescription

// One settings array for every Swift target: Swift 6 mode, warnings are errors, imports are internal unless said otherwise.
let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
]

/// The product searches text by `Base/TextSearch.swift`: the standard library's search brings regular expressions along.
let product: [SwiftSetting] = settings + [.unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"])]

/// For targets off the hot path: a release build of them prefers small code.
let small: [SwiftSetting] = product + [.unsafeFlags(["-Osize"], .when(configuration: .release))]

/// A Swift target of the product; its dependencies are the arrows of docs/design/architecture.md.
func module(_ name: String, _ dependencies: [Target.Dependency], _ settings: [SwiftSetting] = product) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// Test targets with data of their own or of others.
let fixtures: Set<String> = [
    "BaseTests", "CatalogTests", "DocumentsTests", "FuzzingTests", "IdentityTests", "IntegrationsTests", "OrchestrationTests",
]

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: fixtures.contains(name) ? ["Fixtures"] : [], swiftSettings: settings)
}

/// A C library of Debian, imported by exactly one Swift target.
func library(_ name: String, pkgConfig: String, package: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([package])])
}

let fuzzed: [Target.Dependency] = ["Orchestration", "Catalog", "Identity", "Integrations", "Store", "Web", "Documents", "Base"]

/// The program of `scripts/fuzz`; `main` is libFuzzer's.
let fuzzer: [Target] =
    Context.environment["PAO_FUZZ"] == nil
    ? []
    : [
        .executableTarget(
            name: "Fuzzer", dependencies: ["Fuzzing"], path: "Tests/Fuzzer",
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])])
    ]

let package = Package(
    name: "pao",
    products: [.executable(name: "pao", targets: ["pao"])],
    targets: [
        // edge
        .executableTarget(
            name: "pao",
            dependencies: [
                "API", "Sandbox", "Orchestration", "Catalog", "Identity", "Jobs", "Store", "Web", "Documents",
                "Integrations", "Base",
            ],
            swiftSettings: small),
        module("API", ["Web", "Identity", "Catalog", "Orchestration", "Base"], small),
        module("Sandbox", ["Web", "Base"], small),
        // domain
        module(
            "Orchestration", ["Catalog", "Identity", "Integrations", "Jobs", "Store", "Documents", "Base"], small),
        module("Catalog", ["Identity", "Integrations", "Jobs", "Store", "Documents", "Base"], small),
        module("Identity", ["Integrations", "Jobs", "Store", "Base"], small),
        // toolbox
        module("Jobs", ["Store", "Base"]),
        module("Store", ["CSQLite", "Base"]),
        module("Web", ["CMicrohttpd", "CAssets", "Base"]),
        module("Documents", ["CYAML", "CPCRE2", "Base"], small),
        module("Integrations", ["CCurl", "CCrypto", "Base"], small),
        module("Base", ["CSodium"]),
        // C
        .target(name: "CAssets"),
        library("CSQLite", pkgConfig: "sqlite3", package: "libsqlite3-dev"),
        library("CMicrohttpd", pkgConfig: "libmicrohttpd", package: "libmicrohttpd-dev"),
        library("CYAML", pkgConfig: "yaml-0.1", package: "libyaml-dev"),
        library("CPCRE2", pkgConfig: "libpcre2-8", package: "libpcre2-dev"),
        library("CCurl", pkgConfig: "libcurl", package: "libcurl4-openssl-dev"),
        library("CCrypto", pkgConfig: "libcrypto", package: "libssl-dev"),
        library("CSodium", pkgConfig: "libsodium", package: "libsodium-dev"),
        // tests
        tests("BaseTests", ["Base"]),
        tests("StoreTests", ["Store", "Base"]),
        tests("JobsTests", ["Jobs", "Store", "Base"]),
        tests("WebTests", ["Web", "Base"]),
        tests("DocumentsTests", ["Documents", "Base"]),
        tests("IntegrationsTests", ["Integrations", "Base"]),
        tests("IdentityTests", ["Identity", "Store", "Base"]),
        tests("CatalogTests", ["Catalog", "Integrations", "Documents", "Store", "Base"]),
        tests(
            "OrchestrationTests",
            ["Orchestration", "Catalog", "Identity", "Integrations", "Jobs", "Store", "Documents", "Base"]),
        tests(
            "SimulationTests",
            ["Orchestration", "Catalog", "Identity", "Integrations", "Jobs", "Store", "Documents", "Base"]),
        tests("SandboxTests", ["Sandbox", "Web", "Base"]),
        tests("APITests", ["API", "Identity", "Web", "Base"]),
        .target(name: "Fuzzing", dependencies: fuzzed, path: "Tests/Fuzzing", swiftSettings: settings),
        tests("FuzzingTests", ["Fuzzing", "Base"]),
    ] + fuzzer,
    swiftLanguageModes: [.v6]
)
