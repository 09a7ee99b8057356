import Providers
import Shared

/// The provider answers JSON whose values are not what they should be.
extension Examiner {
    /// Answers of other types at every place: a failure, the right outcome or a pending one, never a wrong one.
    func wrongTypedAnswers() async throws {
        for example in [try example, fixture.declined] {
            let call = try await world.prepare(operation, example)
            let direct = try world.direct(call)
            _ = world.transport.take()
            try arm(example)
            let members = try await attempt(direct)
            try check(members, of: call)
            let exchanges = world.transport.take()
            for (index, exchange) in exchanges.enumerated() {
                guard let body = exchange.response?.body,
                    let value = try? JSONCoding.decode(JSONValue.self, from: body)
                else { continue }
                for (place, mutated) in WrongTypes.variants(of: value) {
                    let transport = ReplayTransport(
                        exchanges, replacing: index, by: try JSONCoding.encode(mutated))
                    try await checkOutcome(of: direct, transport, members, "answer \(index + 1): \(place)")
                }
            }
        }
    }

    private func checkOutcome(
        of direct: DirectCall, _ transport: ReplayTransport, _ expected: [String: JSONValue], _ place: String
    ) async throws {
        let provider = type(of: world.provider).init(
            settings: world.settings, transport: transport, clock: world.clock.clock)
        do throws(ProviderFailure) {
            let members = try await direct.attempt(provider)
            for name in ["result", "status"] {
                guard let found = members[name], let wanted = expected[name], found != wanted else { continue }
                if found == .string("PENDING") { continue }
                throw ProviderFailure(
                    .requestRefused, mayHaveHadEffect: false, isTransient: false,
                    "\(name) became \(found), which should be \(wanted)")
            }
        } catch {
            // Trouble with an answer is never told as the provider's decision.
            let codes: Set<ProviderFailure.Code> = [.unusableAnswer, .noAnswer]
            try require(codes.contains(error.code), "\(place): \(error)")
        }
    }
}

/// A JSON value with one place of another type than it should have.
enum WrongTypes {
    /// A place with a wrong value: its path with what stands there, and the whole.
    typealias Variant = (place: String, value: JSONValue)

    /// Every place with every wrong value.
    static func variants(of value: JSONValue) -> [Variant] {
        replacements(of: value).map { ("the whole as \($0)", $0) } + inner(value, path: "")
    }

    private static func inner(_ value: JSONValue, path: String) -> [Variant] {
        switch value {
        case .object(let members):
            return members.keys.sorted().flatMap { name in
                let isState = name.lowercased().contains("status")
                return variants(of: members[name] ?? .null, isState: isState, at: path + "." + name) { mutated in
                    .object(members.merging([name: mutated]) { $1 })
                }
            }
        case .array(let elements):
            return elements.indices.flatMap { index in
                variants(of: elements[index], isState: false, at: "\(path)[\(index)]") { mutated in
                    var changed = elements
                    changed[index] = mutated
                    return .array(changed)
                }
            }
        default: return []
        }
    }

    private static func variants(
        of part: JSONValue, isState: Bool, at place: String, _ whole: (JSONValue) -> JSONValue
    ) -> [Variant] {
        let here: [Variant] = replacements(of: part, isState: isState).map { ("\(place) as \($0)", $0) }
        return (here + inner(part, path: place)).map { ($0.place, whole($0.value)) }
    }

    /// - Parameter isState: Whether the value names a state, of which there may be new ones one day.
    private static func replacements(of value: JSONValue, isState: Bool = false) -> [JSONValue] {
        // What may be absent may have any type.
        guard value != .null else { return [] }
        var all: [JSONValue] = [.null, .boolean(true), .number(0.5), .array([]), .object([:]), .array([value])]
        if value.stringValue == nil { all.append(.string("text")) }
        if value.integerValue == nil { all.append(.integer(1)) }
        if isState { all += [.string(""), .string("unheard-of")] }
        return all.filter { $0 != value }
    }
}
