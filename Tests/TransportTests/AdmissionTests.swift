import Testing

@testable import Transport

@Suite struct AdmissionTests {
    private let a = Origin(scheme: .https, host: "a", port: 443)
    private let b = Origin(scheme: .https, host: "b", port: 443)

    @Test func `an origin has no more at work than it may, in the order they came`() {
        var admission = Admission(perOrigin: 2, inAll: 10)
        for id in 1...4 { admission.enqueue(UInt64(id), for: a) }
        #expect(starts(&admission) == [1, 2])
        admission.finish(a)
        #expect(starts(&admission) == [3])
    }

    @Test func `a crowded origin does not hold up another`() {
        var admission = Admission(perOrigin: 1, inAll: 10)
        for id in 1...3 { admission.enqueue(UInt64(id), for: a) }
        admission.enqueue(9, for: b)
        #expect(starts(&admission) == [1, 9])
    }

    @Test func `origins take turns when there is room for few`() {
        var admission = Admission(perOrigin: 1, inAll: 1)
        for id in 1...2 { admission.enqueue(UInt64(id), for: a) }
        admission.enqueue(9, for: b)
        #expect(starts(&admission) == [1])
        admission.finish(a)
        #expect(starts(&admission) == [9])
        admission.finish(b)
        #expect(starts(&admission) == [2])
    }

    @Test func `who leaves the line is not started and takes no room`() {
        var admission = Admission(perOrigin: 1, inAll: 10)
        for id in 1...3 { admission.enqueue(UInt64(id), for: a) }
        admission.withdraw(1, from: a)
        #expect(starts(&admission) == [2])
        admission.withdraw(3, from: a)
        admission.finish(a)
        #expect(starts(&admission) == [])
    }

    private func starts(_ admission: inout Admission) -> [UInt64] {
        var ids: [UInt64] = []
        while let id = admission.next() { ids.append(id) }
        return ids
    }
}
