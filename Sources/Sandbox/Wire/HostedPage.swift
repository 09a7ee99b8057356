/// Plain HTML for the hosted payment pages: a heading, some facts and one form per button.
enum HostedPage {
    /// A button: where its form posts, relative to the page's own path, and its label.
    struct Button: Sendable {
        /// Last path component of the form's target.
        let action: String
        /// Text on the button.
        let label: String
    }

    /// A page titled `title` with `lines` of text and the buttons; `actionBase` is the path the actions are appended
    /// to.
    static func render(title: String, lines: [String], actionBase: String = "", buttons: [Button] = []) -> String {
        let text = lines.map { "<p>\(escape($0))</p>" }.joined()
        let forms = buttons.map { button in
            """
            <form method="post" action="\(escape(actionBase))/\(escape(button.action))">\
            <button type="submit">\(escape(button.label))</button></form>
            """
        }
        return """
            <!doctype html><html lang="en"><head><meta charset="utf-8"><title>\(escape(title))</title></head>\
            <body><h1>\(escape(title))</h1>\(text)\(forms.joined(separator: "\n"))</body></html>

            """
    }

    /// Makes text harmless inside HTML and inside quoted attributes.
    static func escape(_ text: String) -> String {
        var output = ""
        for character in text {
            switch character {
            case "&": output += "&amp;"
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "\"": output += "&quot;"
            case "'": output += "&#39;"
            default: output.append(character)
            }
        }
        return output
    }
}
