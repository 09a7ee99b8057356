import Crypto
import Foundation
import Shared

/// A readable page made from the OpenAPI document alone; loads nothing and runs nothing.
struct DocumentationPage: Sendable {
    let document: JSONValue

    /// Lets the page's own style sheet through and nothing else.
    static let contentSecurityPolicy: String = {
        let digest = Data(SHA256.hash(data: Data(style.utf8))).base64EncodedString()
        return "default-src 'none'; style-src 'sha256-\(digest)'; base-uri 'none'; form-action 'none'; "
            + "frame-ancestors 'none'"
    }()

    /// The page.
    var html: String {
        let title = Self.escape(document["info"]?["title"]?.stringValue ?? "")
        let sections = tags.map(section).joined()
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>\(title)</title>
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <style>\(Self.style)</style></head><body>
            <h1>\(title)</h1>\(Self.text(document["info"]?["description"]))
            <p>The same for programs: <a href="/documentation/openapi.json">openapi.json</a></p>
            <nav>\(contents)</nav>\(sections)\(notification)\(schemas)</body></html>

            """
    }

    private struct Entry {
        let path: String
        let method: String
        let value: JSONValue

        var anchor: String { value["operationId"]?.stringValue ?? "" }
        var tag: String { value["tags"]?.arrayValue?.first?.stringValue ?? "" }
    }

    private var entries: [Entry] {
        (document["paths"]?.objectValue ?? [:]).sorted { $0.key < $1.key }.flatMap { path, methods in
            (methods.objectValue ?? [:]).sorted { $0.key < $1.key }.map { Entry(path: path, method: $0, value: $1) }
        }
    }

    private var tags: [String] { (document["tags"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue } }

    private var contents: String {
        let all = entries
        let lists = tags.map { tag in
            let items = all.filter { $0.tag == tag }.map { entry in
                "<li><a href=\"#\(Self.escape(entry.anchor))\"><code>\(Self.title(entry))</code></a></li>"
            }
            return "<h2>\(Self.escape(tag))</h2><ul>\(items.joined())</ul>"
        }
        return lists.joined()
    }

    private func section(_ tag: String) -> String {
        let operations = entries.filter { $0.tag == tag }.map(operation)
        return "<section><h2>\(Self.escape(tag))</h2>\(operations.joined())</section>\n"
    }

    private func operation(_ entry: Entry) -> String {
        let summary = Self.escape(entry.value["summary"]?.stringValue ?? "")
        return """
            <article id="\(Self.escape(entry.anchor))"><h3><code>\(Self.title(entry))</code></h3>
            <p><strong>\(summary)</strong></p>\(Self.text(entry.value["description"]))
            \(parameters(entry.value))\(body(entry.value))\(responses(entry.value))</article>

            """
    }

    private func parameters(_ operation: JSONValue) -> String {
        let rows = (operation["parameters"]?.arrayValue ?? []).map { parameter in
            ["name", "in", "description"].map { parameter[$0]?.stringValue ?? "" }
        }
        return Self.table(["parameter", "where", "meaning"], rows)
    }

    private func body(_ operation: JSONValue) -> String {
        guard let media = operation["requestBody"]?["content"]?["application/json"] else { return "" }
        let fields = SchemaRows.rows(of: media["schema"] ?? .null)
        let examples = (media["examples"]?.objectValue ?? [:]).sorted { $0.key < $1.key }.map { _, example in
            "<p>\(Self.escape(example["summary"]?.stringValue ?? ""))</p>" + Self.code(example["value"] ?? .null)
        }
        return Self.text(operation["requestBody"]?["description"])
            + Self.table(["field", "type", "required", "meaning"], fields)
            + Self.list(SchemaRows.rules(of: media["schema"] ?? .null)) + examples.joined()
    }

    private func responses(_ operation: JSONValue) -> String {
        let all = (operation["responses"]?.objectValue ?? [:]).sorted { $0.key < $1.key }
        let rows = all.map { status, response in
            let headers = (response["headers"]?.objectValue ?? [:]).keys.sorted().joined(separator: ", ")
            return [status, response["description"]?.stringValue ?? "", headers]
        }
        let examples = all.compactMap { status, response -> String? in
            guard let content = response["content"]?.objectValue?.values.first else { return nil }
            guard let example = content["example"] else { return nil }
            return "<p>Example of \(Self.escape(status))</p>" + Self.code(example)
        }
        return Self.table(["status", "meaning", "headers"], rows) + examples.joined()
    }

    private var notification: String {
        guard let post = document["webhooks"]?["notification"]?["post"] else { return "" }
        return "<section><h2>Notification</h2>\(Self.text(post["description"]))</section>\n"
    }

    private var schemas: String {
        let all = (document["components"]?["schemas"]?.objectValue ?? [:]).sorted { $0.key < $1.key }
        let parts = all.map { name, schema in
            "<article id=\"schema-\(Self.escape(name))\"><h3>\(Self.escape(name))</h3>"
                + Self.table(["field", "type", "always there", "meaning"], SchemaRows.rows(of: schema)) + "</article>"
        }
        return "<section><h2>Answers and messages</h2>\(parts.joined())</section>\n"
    }

    private static func title(_ entry: Entry) -> String { escape(entry.method.uppercased() + " " + entry.path) }

    private static func text(_ value: JSONValue?) -> String {
        let paragraphs = (value?.stringValue ?? "").components(separatedBy: "\n\n").filter { !$0.isEmpty }
        return paragraphs.map { "<p>\(formatted($0))</p>" }.joined()
    }

    private static func list(_ items: [String]) -> String {
        items.isEmpty ? "" : "<ul>" + items.map { "<li>\(escape($0))</li>" }.joined() + "</ul>"
    }

    private static func code(_ value: JSONValue) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { return "" }
        return "<pre>\(escape(String(decoding: data, as: UTF8.self)))</pre>"
    }

    private static func table(_ heads: [String], _ rows: [[String]]) -> String {
        if rows.isEmpty { return "" }
        let head = heads.map { "<th>\($0)</th>" }.joined()
        let body = rows.map { row in
            "<tr>" + row.map { "<td>\(formatted($0).replacing("\n\n", with: "<br>"))</td>" }.joined() + "</tr>"
        }
        return "<table><tr>\(head)</tr>\(body.joined())</table>"
    }

    /// Escaped, with what stands between backticks as code.
    private static func formatted(_ text: String) -> String {
        escape(text).split(separator: "`", omittingEmptySubsequences: false).enumerated().map { index, part in
            index.isMultiple(of: 2) ? String(part) : "<code>\(part)</code>"
        }.joined()
    }

    /// Text that is safe in elements and quoted attributes.
    static func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;").replacing("'", with: "&#39;")
    }

    private static let style = """
        body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}
        h1,h2{line-height:1.2}h2{border-bottom:1px solid #bbb;margin-top:2.5rem}h3{margin-top:2rem}
        code,pre{font:14px/1.4 ui-monospace,monospace;background:#f3f3f3}code{padding:.1em .25em}
        pre{padding:.75rem;overflow-x:auto}nav ul{columns:2;padding-left:1rem;list-style:none}
        table{border-collapse:collapse;width:100%;margin:1rem 0}td,th{border:1px solid #ccc;padding:.3rem .5rem;
        text-align:left;vertical-align:top}th{background:#f3f3f3}
        @media(prefers-color-scheme:dark){body{background:#161616;color:#e6e6e6}code,pre,th{background:#2a2a2a}
        a{color:#8ab4f8}td,th{border-color:#444}}
        """
}
