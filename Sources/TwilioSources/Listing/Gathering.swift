import Parsing
import PipelineCore
import Transport

/// What one pass has gathered so far, over all its queries, and how much more it may.
struct Gathering {
    /// What one pass may gather, so that memory stays bounded however many streams there are.
    static let maximumBytes = 16 << 20
    /// Answers of one pass. Ten times the documented cap of 10,000 records at 1,000 a page; more is a server gone mad.
    static let maximumAnswers = 100
    /// How much more of both a window may have that cannot be made shorter.
    static let allowanceForOneTick = 16

    let pass: Pass
    private let window: Window
    private let allowance: Int
    private(set) var pages: [Page] = []
    /// The `Twilio-Request-Id` of each page.
    private(set) var requestIDs: [String] = []
    private(set) var answers = 0
    private var bytes = 0
    /// The records gathered so far. Only passes over a window that cannot be made shorter ask for the same twice.
    private var seen: Set<RecordIdentity> = []
    /// The oldest date that was listed.
    private var oldest: Timestamp?

    /// - Parameter window: what the pass reads.
    init(_ pass: Pass, over window: Window) {
        self.pass = pass
        self.window = window
        allowance = pass.canSplit ? 1 : Self.allowanceForOneTick
    }

    /// Bounds for one answer: 1,000 records of 8 KiB compressed, 16 KiB not.
    var limits: HTTPLimits { ListReader.limits(allowance) }

    /// Why the pass may not ask for more; nil while it may.
    var exhausted: String? {
        if bytes > Self.maximumBytes * allowance {
            return "the window has more than \((Self.maximumBytes >> 20) * allowance) MiB, as much as one pass may hold"
        }
        if answers >= Self.maximumAnswers * allowance {
            return "the window was not read in \(answers) answers, as many as one pass may ask for"
        }
        return nil
    }

    /// Takes in one answer. Of those that bring nothing new, nothing is kept.
    /// - Parameter size: of the answer, in bytes.
    /// - Parameter isLast: whether the pass needs no other answer before it gives its memory back.
    mutating func take(_ page: Page, size: Int, requestID: String, isLast: Bool) async throws(SourceError) {
        answers += 1
        guard pass.canSplit || isNew(page) else { return }
        pages.append(page)
        oldest = page.records.reduce(oldest) { oldest, record in record.time.map { min($0, oldest ?? $0) } ?? oldest }
        requestIDs.append(requestID)
        bytes += size
        try await pass.memory.take(size, isLast: isLast)
    }

    /// How many records the window has if they are as dense everywhere as where they have been listed, the newest first.
    var expectedRecords: Int {
        let listed = pages.reduce(0) { $0 + $1.records.count }
        guard let oldest, oldest > window.from else { return listed }
        let covered = max(1000, (window.to - oldest).wholeMilliseconds)
        return max(listed, Int(Double(listed) * Double(window.length.wholeMilliseconds) / Double(covered)))
    }

    private mutating func isNew(_ page: Page) -> Bool {
        var isNew = false
        for identity in page.identities where seen.insert(identity).inserted { isNew = true }
        return isNew
    }
}

extension Page {
    /// The identity of each record, with equal ones that nothing tells apart numbered.
    var identities: [RecordIdentity] {
        var occurrences = Occurrences()
        return records.map { $0.identity.occurrence(occurrences.number(of: $0)) }
    }
}
