/// All samples of one name, as Prometheus groups them.
///
/// Names and label names are constants of the program; label values may be anything.
package struct MetricFamily: Sendable, Equatable {
    package enum Kind: String, Sendable {
        /// Only grows; begins anew at a lower value.
        case counter
        case gauge
    }

    package struct Sample: Sendable, Equatable {
        package let labels: Labels
        package let value: Double

        package init(_ labels: Labels, _ value: Double) {
            self.labels = labels
            self.value = value
        }

        package init(_ value: Double) {
            self.init([:], value)
        }
    }

    package let name: String
    package let kind: Kind
    /// One sentence.
    package let help: String
    /// No two with the same labels.
    package let samples: [Sample]

    package init(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }

    /// One sample without labels; none if there is no value.
    package init(_ name: String, _ kind: Kind, _ help: String, _ value: Double?) {
        self.init(name, kind, help, value.map { [Sample($0)] } ?? [])
    }
}

/// Names and values, in the order they are written in.
package struct Labels: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    package struct Label: Sendable, Hashable {
        package let name: String
        package let value: String
    }

    package let all: [Label]

    package init(_ labels: [(String, String)]) {
        all = labels.map { Label(name: $0.0, value: $0.1) }
    }

    package init(dictionaryLiteral elements: (String, String)...) {
        self.init(elements)
    }
}
