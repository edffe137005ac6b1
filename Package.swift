// swift-tools-version: 6.2
import PackageDescription

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let flyingFox = Target.Dependency.product(name: "FlyingFox", package: "FlyingFox")
let flyingSocks = Target.Dependency.product(name: "FlyingSocks", package: "FlyingFox")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")

let package = Package(
    name: "twilship",
    products: [
        .executable(name: "twilship", targets: ["twilship"]),
        .executable(name: "twilio-simulator", targets: ["twilio-simulator"]),
        .executable(name: "twilship-bench", targets: ["twilship-bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/swhitty/FlyingFox", exact: "0.27.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        // C libraries, each imported by one room; what the C library has and Swift does not see, by who needs it.
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
        .systemLibrary(name: "CFileCalls"),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .target(
            name: "CSimdjson",
            // A parser for the hot path is no use at -O0, and nobody debugs into it.
            cxxSettings: [.unsafeFlags(["-O2"])],
            linkerSettings: [.linkedLibrary("simdjson"), .linkedLibrary("stdc++")]),
        .target(name: "CTomlPlusPlus"),

        // The data's journey.
        .target(name: "PipelineCore"),
        .target(
            name: "Cataloguing", dependencies: ["PipelineCore"], resources: [.embedInCode("event-types.txt")]),
        .target(name: "Settings", dependencies: ["CTomlPlusPlus"]),
        .target(name: "Transport", dependencies: ["CCurl", "CDeflate"]),
        .target(name: "Parsing", dependencies: ["CSimdjson", "PipelineCore", crypto]),
        .target(name: "TwilioSources", dependencies: ["Parsing", "PipelineCore", "Transport"]),
        .target(name: "Normalising", dependencies: ["Cataloguing", "Parsing", "PipelineCore"]),
        .target(name: "Spooling", dependencies: ["CDeflate", "PipelineCore", grdb]),
        .target(name: "Formatting", dependencies: ["Cataloguing", "Parsing", "PipelineCore"]),
        .target(
            name: "Sinks",
            dependencies: [
                "CFileCalls", "CZlib", "CZstd", "Formatting", "Parsing", "PipelineCore", "SystemdSupport", "Transport",
                crypto, logging,
            ]),
        .target(
            name: "Forwarding", dependencies: ["Normalising", "Parsing", "PipelineCore", "Spooling", logging]),
        .target(name: "SystemdSupport", dependencies: ["CSystemd", logging]),
        .target(name: "Sockets"),
        .target(name: "Controlling", dependencies: ["Sockets"]),
        .target(name: "Measuring", dependencies: ["PipelineCore", "Sockets", metrics]),

        // The one place where everything is wired.
        .executableTarget(
            name: "twilship",
            dependencies: [
                "CFileCalls", "CMalloc", "Cataloguing", "Controlling", "Formatting", "Forwarding", "Measuring",
                "Normalising", "PipelineCore", "Settings", "Sinks", "Sockets", "Spooling", "SystemdSupport",
                "Transport", "TwilioSources", argumentParser, logging, metrics, serviceLifecycle,
                unixSignals,
            ],
            resources: [.embedInCode("twilship.toml")]),

        // A local Twilio.
        .target(name: "Simulating", dependencies: [crypto, flyingFox, flyingSocks]),
        .executableTarget(name: "twilio-simulator", dependencies: ["Simulating", argumentParser, unixSignals]),

        // What it costs. The two programs are run as children: to build it builds them.
        .executableTarget(
            name: "twilship-bench",
            dependencies: [
                "Formatting", "Normalising", "Parsing", "PipelineCore", "Sinks", "Spooling", "Transport",
                "twilio-simulator",
                "twilship", argumentParser,
            ]),

        // Tests.
        .target(name: "PipelineTestKit", dependencies: ["PipelineCore", "Simulating", "Transport", logging]),
        // Seeded chance against the whole source side; in a program of its own, so that thousands run optimised.
        .target(
            name: "HostileSchedules",
            dependencies: [
                "Forwarding", "Normalising", "PipelineCore", "PipelineTestKit", "Simulating", "Spooling", "Transport",
                "TwilioSources", logging,
            ]),
        .executableTarget(name: "hostile-schedules", dependencies: ["HostileSchedules", argumentParser]),
        .testTarget(name: "HostileSchedulesTests", dependencies: ["HostileSchedules"]),
        .testTarget(name: "PipelineCoreTests", dependencies: ["PipelineCore"]),
        .testTarget(name: "PipelineTestKitTests", dependencies: ["PipelineCore", "PipelineTestKit"]),
        .testTarget(name: "CataloguingTests", dependencies: ["Cataloguing", "PipelineCore"]),
        .testTarget(name: "SettingsTests", dependencies: ["Settings"]),
        .testTarget(name: "TransportTests", dependencies: ["CDeflate", "Transport", flyingFox, flyingSocks]),
        .testTarget(name: "ParsingTests", dependencies: ["Parsing", "PipelineCore"]),
        .testTarget(name: "NormalisingTests", dependencies: ["Normalising", "Parsing", "PipelineCore"]),
        .testTarget(name: "SpoolingTests", dependencies: ["PipelineCore", "Spooling", grdb]),
        .testTarget(
            name: "FormattingTests",
            dependencies: [
                "Cataloguing", "Formatting", "Normalising", "Parsing", "PipelineCore", "PipelineTestKit",
            ],
            exclude: ["labelled-messages.txt"]),
        .testTarget(
            name: "SinksTests",
            dependencies: [
                "CZlib", "CZstd", "Formatting", "Normalising", "Parsing", "PipelineCore", "PipelineTestKit", "Sinks",
                "SystemdSupport", "Transport",
                flyingFox, flyingSocks, logging,
            ]),
        .testTarget(
            name: "ForwardingTests",
            dependencies: [
                "Forwarding", "Normalising", "PipelineCore", "PipelineTestKit", "Simulating", "Spooling", "Transport",
                "TwilioSources", logging,
            ]),
        .testTarget(
            name: "twilshipTests",
            dependencies: [
                "Controlling", "Forwarding", "Measuring", "PipelineCore", "PipelineTestKit", "Settings",
                "Simulating", "Sockets", "Spooling", "SystemdSupport", "Transport", "TwilioSources",
                "twilio-simulator", "twilship", argumentParser, logging,
            ]),
        .testTarget(
            name: "TwilioSourcesTests",
            dependencies: ["Parsing", "PipelineCore", "PipelineTestKit", "Simulating", "Transport", "TwilioSources"]),
        .testTarget(name: "ControllingTests", dependencies: ["Controlling", "Sockets"]),
        .testTarget(name: "MeasuringTests", dependencies: ["Measuring", "Sockets", metrics]),
        .testTarget(name: "SystemdSupportTests", dependencies: ["SystemdSupport", logging]),
        .testTarget(name: "SimulatingTests", dependencies: ["Simulating", flyingSocks]),
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
