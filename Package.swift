// swift-tools-version: 6.2
import PackageDescription

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let flyingFox = Target.Dependency.product(name: "FlyingFox", package: "FlyingFox")
let flyingSocks = Target.Dependency.product(name: "FlyingSocks", package: "FlyingFox")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "twilship",
    products: [
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/swhitty/FlyingFox", exact: "0.27.1"),
    ],
    targets: [
        // C libraries, each imported by one room.
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
        .systemLibrary(name: "CFileCalls"),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "CSimdjson",
            // A parser for the hot path is no use at -O0, and nobody debugs into it.
            cxxSettings: [.unsafeFlags(["-O2"])],
            linkerSettings: [.linkedLibrary("simdjson"), .linkedLibrary("stdc++")]),
        .target(name: "CTomlPlusPlus"),

        .target(name: "PipelineCore"),
        .target(name: "Settings", dependencies: ["CTomlPlusPlus"]),
        .target(name: "Transport", dependencies: ["CCurl", "CDeflate"]),
        .target(name: "Parsing", dependencies: ["CSimdjson", "PipelineCore", crypto]),
        .target(name: "Formatting", dependencies: ["Parsing", "PipelineCore"]),
        .target(
            name: "Sinks",
            dependencies: ["CFileCalls", "CZlib", "Formatting", "Parsing", "PipelineCore", "Transport", crypto, logging]),
        .testTarget(name: "SettingsTests", dependencies: ["Settings"]),
        .testTarget(
            name: "SinksTests",
            dependencies: [
                "CZlib", "Formatting", "PipelineCore", "Sinks", "Transport", flyingFox, flyingSocks, logging,
            ]),
    ],
    cxxLanguageStandard: .cxx17
)

// The fuzzers need a build of their own: packaging/fuzz-settings.
if Context.environment["TWILSHIP_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "settings-fuzz",
            dependencies: ["Settings"],
            swiftSettings: [.unsafeFlags(["-parse-as-library"])],
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])]))
}

for target in package.targets where target.type != .system && !["CSimdjson", "CTomlPlusPlus"].contains(target.name) {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            .swiftLanguageMode(.v6),
            // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
            .enableUpcomingFeature("ExistentialAny"),
            // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
            .enableUpcomingFeature("MemberImportVisibility"),
            // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0409-access-level-on-imports.md
            .enableUpcomingFeature("InternalImportsByDefault"),
            // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0461-async-function-isolation.md
            .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
            .treatAllWarnings(as: .error),
        ]
}
