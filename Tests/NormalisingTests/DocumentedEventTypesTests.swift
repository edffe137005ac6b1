import Foundation
import Normalising
import Testing

@Suite struct DocumentedEventTypesTests {
    @Test func `the list is sorted and each type stands there once`() {
        let all = DocumentedEventTypes.all
        #expect(all.count > 150)
        #expect(zip(all, all.dropFirst()).allSatisfy { $0 < $1 })
        #expect(all.allSatisfy { $0.contains(".") && $0.allSatisfy { $0.isASCII && !$0.isWhitespace } })
        #expect(all.contains("account-auth-token.promoted"))
    }
}
