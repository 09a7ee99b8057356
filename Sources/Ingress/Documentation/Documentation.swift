import Hummingbird
import NIOCore
import Providers
import Shared

/// The two documentation answers, written once for the life of a process.
struct Documentation: Sendable {
    private let document: [UInt8]
    private let page: [UInt8]

    /// Describes these providers' operations.
    init(providers: [ProviderDescription], requiresKey: Bool) {
        let value = OpenAPIDocument(providers: providers, requiresKey: requiresKey).value
        // Strings and whole numbers only, so that it can always be written.
        document = (try? JSONCoding.encode(value)) ?? []
        page = Array(DocumentationPage(document: value).html.utf8)
    }

    /// Answer of `/documentation/openapi.json`.
    var openAPIResponse: Response { Answer.json(document) }

    /// Answer of `/documentation`.
    var pageResponse: Response {
        var headers = HTTPFields()
        headers[.contentType] = "text/html; charset=utf-8"
        headers[.contentSecurityPolicy] = DocumentationPage.contentSecurityPolicy
        headers[.xContentTypeOptions] = "nosniff"
        headers[.referrerPolicy] = "no-referrer"
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: page)))
    }
}
