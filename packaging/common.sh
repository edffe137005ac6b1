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

# release_options: the options of `swift build` for a release, one to a line; the same for all that build one, so that
# nothing is built twice.
release_options() {
    local root options=(-c release --static-swift-stdlib)
    root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
    # No library that happens to lie beside the program is loaded instead of the system's.
    options+=(--disable-local-rpath)
    # Assertions in C++ name their file: without the folder it was built in.
    options+=(-Xcxx "-ffile-prefix-map=$root=.")
    # A table of 20,000 names that nobody looks up; without it, 2.4 MB less.
    options+=(-Xlinker --no-export-dynamic)
    printf '%s\n' "${options[@]}"
}

# source_date: when what is packed was made, in seconds since 1970: $SOURCE_DATE_EPOCH, else the last commit.
source_date() {
    printf '%s\n' "${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}"
}
