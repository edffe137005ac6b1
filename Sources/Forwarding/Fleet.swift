/// Everything that is collected together: streams that are always there, and places where more are found.
package struct Fleet: Sendable {
    package let ingestors: [Ingestor]
    package let discoveries: [Discovery]

    package init(ingestors: [Ingestor] = [], discoveries: [Discovery] = []) {
        self.ingestors = ingestors
        self.discoveries = discoveries
    }

    /// With another mode than `service`, every place is searched once.
    package func run(_ mode: Ingestor.Mode = .service) async {
        // One environment each, there may be a thousand of them: a task less.
        if discoveries.isEmpty, ingestors.count == 1 { return await ingestors[0].run(mode) }
        await withDiscardingTaskGroup { group in
            for ingestor in ingestors { group.addTask { await ingestor.run(mode) } }
            for discovery in discoveries { group.addTask { await discovery.run(mode) } }
        }
    }
}
