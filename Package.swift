// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "twilship",
    dependencies: [
    ],
    targets: [
        .target(name: "PipelineCore"),
        .testTarget(name: "PipelineCoreTests", dependencies: ["PipelineCore"]),
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
