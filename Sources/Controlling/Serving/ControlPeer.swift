/// The process that connected, as the kernel saw it at that moment.
package struct ControlPeer: Sendable, Hashable {
    package let uid: UInt32
    package let gid: UInt32
    /// 0 if the process is not visible from here: in another PID namespace.
    package let pid: Int32

    package init(uid: UInt32, gid: UInt32, pid: Int32) {
        self.uid = uid
        self.gid = gid
        self.pid = pid
    }
}
