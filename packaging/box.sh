# shellcheck shell=bash
# What the scripts share that try twilship in a throw-away machine (packaging/systemd-box); they source it after common.sh.
# It needs $here; start_box begins, and finish ends.

PATIENCE_SECONDS=30
readonly PORT=9718
# The simulator's first account.
# shellcheck disable=SC2034 # used by those who source this
readonly SID=AC00000000000000000000000000000001

box=""
keep=false

# shellcheck disable=SC2154 # set by those who source this
inside() { "$here/systemd-box" exec "$box" "$@"; }
# shell COMMANDS: runs them inside in a root's shell.
shell() { inside /bin/bash -euo pipefail -c "$1"; }
# control METHOD PATH: asks the simulator.
control() { inside curl --silent --fail --max-time 20 --request "$1" "http://127.0.0.1:$PORT/$2"; }

start_box() {
    box="$(mktemp -d "${TMPDIR:-/tmp}/twilship-box.XXXXXX")/box"
    "$here/systemd-box" start "$box"
}

# not WHAT: says that a check failed, and ends.
not() {
    printf 'not so: %s\n' "$*" >&2
    exit 1
}
# expect WHAT COMMAND…: fails if it does.
expect() {
    local what="$1"
    shift
    "$@" || not "$what"
}
# soon WHAT COMMAND…: the same, but it may take a while.
soon() {
    local what="$1" end=$((SECONDS + PATIENCE_SECONDS))
    shift
    until "$@"; do
        ((SECONDS < end)) || not "$what, within $PATIENCE_SECONDS s"
        sleep 0.2
    done
}
refused() { ! "$@" >/dev/null 2>&1; }

# start_simulator OPTION…: has a simulated Twilio run inside, and prints its account's token.
start_simulator() {
    local token tries
    inside systemd-run --quiet --unit simulator --property User=nobody /usr/bin/twilio-simulator "$@" --port "$PORT"
    for ((tries = 0; tries < PATIENCE_SECONDS * 10; tries++)); do
        token="$(control GET control/accounts 2>/dev/null | jq -r '.accounts[0].auth_token' || true)"
        if [[ -n "$token" ]]; then
            printf '%s\n' "$token"
            return
        fi
        sleep 0.1
    done
    not "the simulator starts"
}

# run_checks NAME…: each is a function check_NAME.
run_checks() {
    local check begun
    for check in "$@"; do
        begun="$SECONDS"
        "check_$check"
        printf 'ok  %-22s %3d s\n' "${check//_/ }" $((SECONDS - begun))
    done
}

# finish CODE JOURNALCTL_OPTION…: for the trap at the end: shows the journal after a failure, and takes the box down.
finish() {
    local code="$1"
    shift
    [[ -n "$box" ]] || exit "$code"
    if ((code != 0)) && [[ -e "$box/pid" ]]; then inside journalctl --no-pager --lines 40 "$@" | cut -c 1-400 >&2 || true; fi
    if "$keep" && [[ -e "$box/pid" ]]; then
        echo "The box runs on. To enter it: packaging/systemd-box exec $box bash"
        echo "To take it down: packaging/systemd-box stop $box"
    else
        [[ ! -e "$box/outer" ]] || "$here/systemd-box" stop "$box" || true
        rm -rf --one-file-system "$(dirname "$box")"
    fi
    exit "$code"
}
