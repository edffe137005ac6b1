import Forwarding
import Transport

extension Pulse {
    /// Has a transport's thread beat under this name, from now on until it ends. Nil if nobody watches.
    func watch(_ name: String) -> TurnWatch? {
        guard let interval else { return nil }
        let own = begin(oneOf: name)
        return TurnWatch(interval: interval, turned: { self.beat(own) }, ended: { self.end(own) })
    }
}
