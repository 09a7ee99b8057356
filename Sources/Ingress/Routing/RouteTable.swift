import HTTPTypes
import Shared

/// One kind of request, by its path and HTTP method.
enum RouteTarget: Sendable, Hashable {
    /// An operation of a provider.
    case operation(Operation)
    /// The list of payment methods.
    case paymentMethods
    /// Process alive.
    case health
    /// Ready for traffic.
    case readiness
    /// State of each dependency.
    case checkUp
    /// Metrics as text.
    case metrics
    /// The API described for people.
    case documentationPage
    /// The API described for programs.
    case openAPIDocument
}

/// Pattern of a path with the targets of its HTTP methods.
struct RoutePattern: Sendable {
    /// One segment of a path.
    enum Segment: Sendable, Hashable {
        case literal(String)
        case provider
        case paymentMethod
    }

    let segments: [Segment]
    let targets: [(method: HTTPRequest.Method, target: RouteTarget)]

    /// The pattern as text, `/{provider}/{payment-method}/pay` for instance: a bounded metric label.
    let label: String

    /// Whether it is for operators rather than for merchants and providers.
    ///
    /// Such paths are on the administration port alone when there is one.
    var isAdministrative: Bool { segments.first == .literal("-") || segments.first == .literal("documentation") }

    init(_ segments: [Segment], _ targets: [(method: HTTPRequest.Method, target: RouteTarget)]) {
        self.segments = segments
        self.targets = targets
        self.label = segments.reduce(into: "") { text, segment in
            switch segment {
            case .literal(let word): text += "/" + word
            case .provider: text += "/{provider}"
            case .paymentMethod: text += "/{payment-method}"
            }
        }
    }
}

/// A path that was recognised.
struct RouteMatch: Sendable {
    let pattern: RoutePattern
    let provider: String?
    let paymentMethod: String?
}

/// The one table of routes; routing, `Allow` headers and documentation read it.
enum RouteTable {
    /// Every pattern; where two could match, the earlier one wins.
    static let patterns: [RoutePattern] = {
        var patterns = [
            RoutePattern([.literal("-"), .literal("healthz")], [(.get, .health)]),
            RoutePattern([.literal("-"), .literal("ready")], [(.get, .readiness)]),
            RoutePattern([.literal("-"), .literal("check-up")], [(.get, .checkUp)]),
            RoutePattern([.literal("-"), .literal("metrics")], [(.get, .metrics)]),
            RoutePattern([.literal("payment-methods")], [(.get, .paymentMethods)]),
            RoutePattern([.literal("documentation")], [(.get, .documentationPage)]),
            RoutePattern([.literal("documentation"), .literal("openapi.json")], [(.get, .openAPIDocument)]),
        ]
        // Operations without a payment method first: `session/confirm` is no payment method called `session`.
        for operation in Operation.allCases where !operation.hasPaymentMethod {
            patterns.append(pattern(of: operation))
        }
        for operation in Operation.allCases where operation.hasPaymentMethod {
            patterns.append(pattern(of: operation))
        }
        return patterns
    }()

    /// The HTTP methods of an operation.
    static func methods(of operation: Operation) -> [HTTPRequest.Method] {
        switch operation {
        case .callback: [.get, .post]
        case .check, .status: [.get]
        case .payExpire, .payRecurrentExpire: [.patch]
        default: [.post]
        }
    }

    /// The first pattern that a path matches.
    static func match(path: String) -> RouteMatch? {
        guard path.hasPrefix("/") else { return nil }
        let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for pattern in patterns where pattern.segments.count == parts.count {
            if let match = match(parts, pattern) { return match }
        }
        return nil
    }

    private static func match(_ parts: [Substring], _ pattern: RoutePattern) -> RouteMatch? {
        var provider: String?
        var paymentMethod: String?
        for (part, segment) in zip(parts, pattern.segments) {
            switch segment {
            case .literal(let word): guard part == word else { return nil }
            case .provider:
                guard !part.isEmpty, part != "-" else { return nil }
                provider = String(part)
            case .paymentMethod:
                guard !part.isEmpty else { return nil }
                paymentMethod = String(part)
            }
        }
        return RouteMatch(pattern: pattern, provider: provider, paymentMethod: paymentMethod)
    }

    private static func pattern(of operation: Operation) -> RoutePattern {
        var segments: [RoutePattern.Segment] = [.provider]
        if operation.hasPaymentMethod { segments.append(.paymentMethod) }
        segments += operation.rawValue.split(separator: "/").map { .literal(String($0)) }
        return RoutePattern(segments, methods(of: operation).map { ($0, .operation(operation)) })
    }
}
