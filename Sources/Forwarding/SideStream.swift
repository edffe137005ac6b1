import PipelineCore

/// A stream as it is read from the side, by somebody who looks: without its place, and leaving no trace there.
package struct SideStream: Sendable {
    package let stream: Ingestor.Stream
    package let sharing: Ingestor.Sharing

    package init(stream: Ingestor.Stream, sharing: Ingestor.Sharing) {
        self.stream = stream
        self.sharing = sharing
    }

    package init(_ ingestor: Ingestor) {
        self.init(stream: ingestor.stream, sharing: ingestor.sharing)
    }
}
