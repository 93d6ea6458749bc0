# What the tests of the command share: each has a directory of its own, the command on PATH, and an environment that
# says nothing to it.
setup() {
    build=${ALLOT_BUILD:-$BATS_TEST_DIRNAME/../../build}
    unset "${!ALLOT_@}"
    PATH=$(cd "$build/cli" && pwd):$PATH
    home=$(mktemp -d "${TMPDIR:-/tmp}/allot-cli-XXXXXX")
    export HOME=$home
    cd "$home" || return
    pids=()
}

teardown() {
    local pid
    for pid in "${pids[@]}"; do
        kill -9 "$pid" 2>/dev/null || true
    done
    wait
    cd / && rm -rf "${home:?}"
}

# start ARGUMENTS...: allot, in the background; ended with the test.
start() {
    allot "$@" >"$home/out.${#pids[@]}" 2>"$home/err.${#pids[@]}" 3>&- &
    pids+=($!)
}

# eventually COMMAND...: waits until it succeeds.
eventually() {
    local i
    for ((i = 0; i < 400; i++)); do
        if "$@" >/dev/null 2>&1; then
            return 0
        fi
        sleep 0.05
    done
    echo "never: $*"
    return 1
}

# exits CODE COMMAND...: it ends with that code; $output is what it wrote to standard error, $stdout the rest.
exits() {
    local wanted=$1 code=0
    shift
    "$@" >"$home/.stdout" 2>"$home/.stderr" </dev/null || code=$?
    stdout=$(<"$home/.stdout")
    output=$(<"$home/.stderr")
    if ((code != wanted)); then
        echo "$*: exit code $code, not $wanted"
        printf '%s\n' "$stdout" "$output"
        return 1
    fi
}

# has TEXT...: each is part of $output.
has() {
    local text
    for text in "$@"; do
        if [[ $output != *"$text"* ]]; then
            printf 'no "%s" in:\n%s\n' "$text" "$output"
            return 1
        fi
    done
}

verbs() {
    allot help | sed -n '/^Usage/,/^.allot help/s/^  \([a-z][a-z-]*\).*/\1/p'
}
