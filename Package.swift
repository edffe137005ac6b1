// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "twilship",
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    ],
    targets: [
        .target(name: "PipelineCore"),
        .systemLibrary(name: "CZlib"),
        .target(
            name: "Spooling",
            dependencies: ["PipelineCore", "CZlib", .product(name: "GRDB", package: "GRDB.swift")]),
        .testTarget(name: "PipelineCoreTests", dependencies: ["PipelineCore"]),
        .testTarget(
            name: "SpoolingTests",
            dependencies: ["Spooling", "PipelineCore", .product(name: "GRDB", package: "GRDB.swift")]),
    ],
    cxxLanguageStandard: .cxx17
)

for target in package.targets where target.type != .system {
    target.swiftSettings = (target.swiftSettings ?? []) + [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .treatAllWarnings(as: .error),
    ]
}
