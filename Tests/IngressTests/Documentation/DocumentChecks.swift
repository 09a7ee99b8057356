import Shared

/// Structural checks of an OpenAPI 3.1 document.
enum DocumentChecks {
    private static let methods: Set<String> = ["get", "put", "post", "delete", "options", "head", "patch", "trace"]

    /// Everything that is wrong, in words.
    static func problems(in document: JSONValue) -> [String] {
        var problems: [String] = []
        if document["openapi"]?.stringValue != "3.1.0" { problems.append("openapi must be 3.1.0") }
        for name in ["title", "version"] where document["info"]?[name]?.stringValue == nil {
            problems.append("info.\(name) is missing")
        }
        problems += brokenReferences(document, root: document)
        var seen: Set<String> = []
        for (path, item) in document["paths"]?.objectValue ?? [:] {
            if !path.hasPrefix("/") { problems.append("\(path) does not begin with a slash") }
            if path.contains("{") { problems.append("\(path) has a parameter that is not concrete") }
            for (method, operation) in item.objectValue ?? [:] {
                let place = method + " " + path
                if !methods.contains(method) { problems.append("\(place) is no method") }
                problems += check(operation, at: place)
                let identifier = operation["operationId"]?.stringValue ?? ""
                if identifier.isEmpty { problems.append("\(place) has no operationId") }
                if !seen.insert(identifier).inserted { problems.append("\(place): \(identifier) is there twice") }
            }
        }
        if seen.isEmpty { problems.append("there are no paths") }
        return problems
    }

    private static func check(_ operation: JSONValue, at place: String) -> [String] {
        var problems: [String] = []
        let responses = operation["responses"]?.objectValue ?? [:]
        if responses.isEmpty { problems.append("\(place) has no response") }
        for (status, response) in responses {
            if response["description"]?.stringValue == nil { problems.append("\(place) \(status) has no description") }
            if Int(status).map({ !(100...599).contains($0) }) ?? true {
                problems.append("\(place) \(status) is no status")
            }
        }
        let names = (operation["parameters"]?.arrayValue ?? []).map { $0["name"]?.stringValue ?? "" }
        if Set(names).count != names.count { problems.append("\(place) has a parameter twice") }
        if let body = operation["requestBody"], (body["content"]?.objectValue ?? [:]).isEmpty {
            problems.append("\(place) has a body without content")
        }
        return problems
    }

    private static func brokenReferences(_ value: JSONValue, root: JSONValue) -> [String] {
        switch value {
        case .object(let members):
            var problems: [String] = []
            if let reference = members["$ref"]?.stringValue {
                let parts = reference.split(separator: "/").map(String.init)
                let target = parts.dropFirst().reduce(Optional(root)) { $0?[$1] }
                if parts.first != "#" || target == nil { problems.append("\(reference) does not exist") }
            }
            return problems + members.values.flatMap { brokenReferences($0, root: root) }
        case .array(let elements): return elements.flatMap { brokenReferences($0, root: root) }
        default: return []
        }
    }
}
