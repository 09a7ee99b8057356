// swift-tools-version: 6.2

import PackageDescription

/// Path of libFuzzer without a `main`, set by `make fuzz`: then the decoders are built with coverage counters.
let fuzzerLibrary = Context.environment["PGM_FUZZER_LIBRARY"]

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// What does most of the work is optimised in debug builds too: the simulation runs millions of events through it.
let optimised = strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]

let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")

let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")

let package = Package(
    name: "payment-gateway-manager",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "pgm", targets: ["PGM"]), .executable(name: "pgm-bench", targets: ["Bench"]),
        .executable(name: "pgm-hostile", targets: ["Hostile"]), .executable(name: "pgm-chaos", targets: ["Chaos"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.4.1"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.36.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        // Tests alone: to read docker-compose.yml.
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(
            name: "CRdKafka",
            pkgConfig: "rdkafka",
            providers: [.apt(["librdkafka-dev"]), .brew(["librdkafka"])]
        ),
        .target(
            name: "Shared",
            dependencies: [
                "CRdKafka", asyncHTTPClient, configuration, crypto, lifecycle, logging, metrics, nioCore, nioHTTP1,
                nioPosix, tracing,
            ],
            swiftSettings: optimised
        ),
        .target(name: "Providers", dependencies: ["Shared", crypto, logging], swiftSettings: strict),
        .target(
            name: "Ingress",
            dependencies: [
                "Shared", "Providers", hummingbird, hummingbirdCore, httpTypes, lifecycle, logging, metrics, nioCore,
                nioHTTP1, nioHTTPTypes,
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Worker",
            dependencies: ["Shared", "Providers", crypto, lifecycle, logging, metrics],
            swiftSettings: optimised
        ),
        .target(
            name: "Sandbox",
            dependencies: [
                hummingbird, asyncHTTPClient, crypto, lifecycle, logging, nioCore, nioHTTP1, httpTypes,
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "PGM",
            dependencies: [
                "Shared", "Providers", "Ingress", "Worker", "Sandbox",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                hummingbird, asyncHTTPClient, lifecycle, unixSignals, logging, nioCore, nioPosix, nioSSL, nioTLS,
            ],
            swiftSettings: strict
        ),
        // Stands in front of malloc, so it is linked into the benchmark alone.
        .target(name: "CAllocationCount"),
        .executableTarget(
            name: "Bench",
            dependencies: [
                "CAllocationCount", "Shared", "Providers",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                asyncHTTPClient, logging, nioCore, nioPosix, nioHTTP1,
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "Hostile",
            dependencies: [
                .product(name: "ArgumentParser", package: "swift-argument-parser"), crypto, nioCore, nioPosix,
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "Chaos",
            dependencies: [
                .product(name: "ArgumentParser", package: "swift-argument-parser"), asyncHTTPClient, nioCore, nioPosix,
                nioHTTP1,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SharedTests", dependencies: ["CRdKafka", "Shared", metrics, nioCore, nioPosix], swiftSettings: strict
        ),
        .testTarget(
            name: "ProvidersTests",
            dependencies: ["Providers", "Shared", "Ingress", "Sandbox", crypto, httpTypes],
            swiftSettings: strict
        ),
        .testTarget(
            name: "IngressTests",
            dependencies: [
                "Ingress", "Providers", "Shared", crypto, httpTypes, hummingbird, lifecycle, logging, nioCore, nioPosix,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "WorkerTests", dependencies: ["Worker", "Providers", "Shared", crypto, logging],
            swiftSettings: strict),
        .testTarget(
            name: "SimulationTests", dependencies: ["Worker", "Providers", "Shared", logging],
            swiftSettings: optimised),
        .testTarget(
            name: "SandboxTests",
            dependencies: [
                "Sandbox", asyncHTTPClient, crypto, hummingbird, httpTypes, lifecycle, logging, nioCore, nioHTTP1,
                .product(name: "HummingbirdTesting", package: "hummingbird"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "Chaos", "Hostile", "PGM", "Providers", "Shared", asyncHTTPClient, logging, nioCore, nioPosix, nioHTTP1,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ConformanceTests",
            dependencies: [
                "Providers", "Ingress", "Worker", "Sandbox", "Shared", asyncHTTPClient, httpTypes, hummingbird,
                lifecycle, logging, metrics, nioCore, nioPosix,
            ],
            exclude: ["Fixtures", "NotApplicable.txt"],
            swiftSettings: strict
        ),
        .testTarget(name: "TidyTests", dependencies: ["Providers", "Shared"], swiftSettings: strict),
    ]
)

// The fuzz targets are ordinary tests, which run their seeds, and in a build of `make fuzz` a libFuzzer executable.
let fuzzDependencies: [Target.Dependency] = [
    "Ingress", "Providers", "Shared", "Worker", crypto, hummingbirdCore, httpTypes, nioCore, nioHTTP1, nioHTTPTypes,
    .product(name: "NIOEmbedded", package: "swift-nio"),
    .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
]
if let fuzzerLibrary {
    for target in package.targets where ["Shared", "Providers", "Ingress", "Worker"].contains(target.name) {
        target.swiftSettings = strict + [.unsafeFlags(["-sanitize=fuzzer", "-O"])]
    }
    package.targets.append(
        .executableTarget(
            name: "Fuzz",
            dependencies: fuzzDependencies,
            path: "Tests/FuzzTests",
            exclude: ["Corpus", "SeedTests.swift"],
            swiftSettings: strict + [.unsafeFlags(["-sanitize=fuzzer", "-O", "-parse-as-library"])],
            linkerSettings: [.unsafeFlags(["-Xlinker", fuzzerLibrary]), .linkedLibrary("stdc++"), .linkedLibrary("m")]
        ))
} else {
    package.targets.append(
        .testTarget(
            name: "FuzzTests",
            dependencies: fuzzDependencies,
            exclude: ["Corpus", "Driver"],
            swiftSettings: strict
        ))
}
