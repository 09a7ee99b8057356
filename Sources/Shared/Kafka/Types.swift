public struct KafkaHeader: Sendable, Hashable {
    public var name: String
    public var value: [UInt8]?
    public init(name: String, value: [UInt8]?) { self.name = name; self.value = value }
}
public struct KafkaRecord: Sendable {
    public var topic: String
    public var partition: Int32
    public var key: [UInt8]?
    public var value: [UInt8]?
    public var headers: [KafkaHeader]
    public init(topic: String, partition: Int32, key: [UInt8]?, value: [UInt8]?, headers: [KafkaHeader] = []) {
        self.topic = topic; self.partition = partition; self.key = key; self.value = value; self.headers = headers
    }
}
public struct KafkaMessage: Sendable {
    public var topic: String
    public var partition: Int32
    public var offset: Int64
    public var key: [UInt8]?
    public var value: [UInt8]?
    public var headers: [KafkaHeader]
    public var timestampMilliseconds: Int64?
    public init(topic: String, partition: Int32, offset: Int64, key: [UInt8]?, value: [UInt8]?, headers: [KafkaHeader], timestampMilliseconds: Int64?) {
        self.topic = topic; self.partition = partition; self.offset = offset; self.key = key; self.value = value; self.headers = headers; self.timestampMilliseconds = timestampMilliseconds
    }
    public func header(_ name: String) -> [UInt8]? { headers.first { $0.name == name }?.value }
}
public struct KafkaTopicSpecification: Sendable, Hashable {
    public var name: String; public var partitions: Int; public var replicationFactor: Int; public var settings: [String: String]
    public init(name: String, partitions: Int, replicationFactor: Int, settings: [String: String]) {
        self.name = name; self.partitions = partitions; self.replicationFactor = replicationFactor; self.settings = settings
    }
}
public enum Partitioner { public static func partition(forKey: [UInt8], count: Int32) -> Int32 { 0 } }
