# shellcheck shell=bash
# What is done to processes in a throw-away machine by means of the kernel, for scripts that have sourced box.sh.

# stop_thread PROCESS NAME: has one thread of that name stand still, as a debugger does, while all others go on.
stop_thread() {
    shell 'cat > /run/stop-thread.py' <<END
import ctypes, os, sys
trace = ctypes.CDLL(None).ptrace
trace.argtypes = [ctypes.c_long] * 4
thread, PTRACE_SEIZE, PTRACE_INTERRUPT, WALL = int(sys.argv[1]), 0x4206, 0x4207, 0x40000000
if trace(PTRACE_SEIZE, thread, 0, 0) != 0 or trace(PTRACE_INTERRUPT, thread, 0, 0) != 0:
    sys.exit("it cannot be stopped")
os.waitpid(thread, WALL)
print("stopped", flush=True)
# Until it is gone.
os.waitpid(thread, WALL)
END
    shell "thread=\"\$(grep -lx $2 /proc/$1/task/*/comm | head -n 1 | cut -d / -f 5)\"
        systemd-run --quiet --unit stop-thread /usr/bin/python3 /run/stop-thread.py \"\$thread\""
    soon "a thread stands still" shell 'journalctl --quiet --unit stop-thread | grep stopped >/dev/null'
}

# The kernel has the memory controller in one hierarchy of cgroups. If it is the older one, systemd in the box can limit
# nothing, and the same limit is set there by hand. If the box gets none at all, only what the process had at most is known.
readonly OLDER="/run/memory/twilship-box-$$"
has_memory_controller() { shell 'grep -qw memory /sys/fs/cgroup/cgroup.controllers'; }
# hold_memory PROCESS BYTES: sees to it that it gets no more.
hold_memory() {
    if has_memory_controller; then return; fi
    if ! shell "mkdir -p /run/memory && mount -t cgroup -o memory cgroup /run/memory" 2>/dev/null; then
        echo "skipped: this machine lends the box no memory controller, so nothing limited the memory"
        return
    fi
    shell "mkdir $OLDER; echo $2 > $OLDER/memory.limit_in_bytes; echo $1 > $OLDER/cgroup.procs"
}
# memory kills|peak CGROUP PROCESS: how many of its processes were killed for want of memory, and how many bytes it had at
# most.
memory() {
    local counted="/sys/fs/cgroup$2/memory.events" peak="/sys/fs/cgroup$2/memory.peak"
    if ! has_memory_controller; then
        if ! inside test -e "$OLDER"; then
            case "$1" in kills) echo 0 ;; peak) echo "$(($(shell "sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' /proc/$3/status") * 1024))" ;; esac
            return
        fi
        counted="$OLDER/memory.oom_control" peak="$OLDER/memory.max_usage_in_bytes"
    fi
    # shellcheck disable=SC2016 # awk's
    case "$1" in
    kills) inside awk '/^oom_kill / { print $2 }' "$counted" ;;
    peak) inside cat "$peak" ;;
    esac
}
# release_memory: the cgroup would outlive the box.
release_memory() {
    shell "[[ ! -e $OLDER ]] || { while read -r process; do echo \$process > /run/memory/cgroup.procs || true; done < $OLDER/cgroup.procs
        rmdir $OLDER; }"
}
