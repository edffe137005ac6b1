import CMalloc

/// What is done with memory that is not in use any more.
///
/// Answers, lines and batches of a megabyte each come and go all the time. By itself glibc gives each back to the system
/// and asks for it again, and being given memory costs more than filling it; and it keeps what it keeps for each thread
/// apart.
enum FreedMemory {
    /// How often what a busy time has left is given back.
    static let interval: Duration = .seconds(60)

    /// Keeps what is freed at hand: up to 16 MiB at the end of the heap, and what lies between things in use.
    static func keep() { cmalloc_keep(2, 32 << 20, 16 << 20) }

    /// Gives everything back to the system that is kept at hand.
    static func giveBack() { cmalloc_give_back() }
}
