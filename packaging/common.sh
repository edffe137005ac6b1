# shellcheck shell=bash
# What the scripts in packaging share; they source it.

# Times and sorting must not depend on whose machine it is.
export LC_ALL=C

# The exit codes are those of sysexits.h, as twilship's own.
# shellcheck disable=SC2034 # used by those who source this
readonly EXIT_USAGE=64 EXIT_UNAVAILABLE=69

# fail CODE SENTENCE…: says why it ends, and ends.
fail() {
    local code="$1"
    shift
    printf '%s: error: %s\n' "${0##*/}" "$*" >&2
    exit "$code"
}

# show_help: prints the comment at the top of the script.
show_help() {
    sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"
}

# need_swift: sees to it that `swift` is there and new enough.
need_swift() {
    local folder version
    if ! command -v swift >/dev/null; then
        # Where toolchains live that no login shell has put on the PATH.
        for folder in /opt/swift/usr/bin /usr/share/swift/usr/bin "${HOME:-/root}/.local/share/swiftly/bin"; do
            [[ ! -x "$folder/swift" ]] || PATH="$PATH:$folder"
        done
    fi
    command -v swift >/dev/null ||
        fail "$EXIT_UNAVAILABLE" "building needs the Swift toolchain 6.3 or later, and there is no \`swift\` on the PATH." \
            "Get it from https://www.swift.org/install/linux/, then run this again."
    version="$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)"
    [[ "$(printf '%s\n' 6.3 "${version:-0}" | sort -V | head -n 1)" == 6.3 ]] ||
        fail "$EXIT_UNAVAILABLE" "building needs the Swift toolchain 6.3 or later, and $(command -v swift) is" \
            "${version:-of an unknown version}. Get it from https://www.swift.org/install/linux/, then run this again."
}
