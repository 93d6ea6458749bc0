#!/usr/bin/env bats
# Help: what it says is true. Every example is run as it stands.
load setup

# Runs the examples of a verb on a group that is led, and has ids. One that does not end is ended after a second.
examples_of() {
    local line
    mkdir -p .config/fish/completions
    printf 'green\nyellow\n' >ids.txt
    printf 'group: default\nbackend: { file: { path: ./.allot } }\n' >allot.yaml
    start run --name worker
    eventually allot leader
    allot add ids.txt
    eventually in_share
    allot help "$1" | sed -n 's/^  \$ //p' >examples
    [[ -s examples ]]
    while IFS= read -r line; do
        echo "$line"
        timeout 30 bash -c 'set -e -o pipefail; eval "$1"' - "$(limited "$line")" \
            </dev/null >out 2>err || { echo "exit code $?"; cat out err; return 1; }
        [[ ! -s err || $line == *run* || $line == *demo* ]] || { cat err; return 1; }
    done <examples
}

in_share() {
    [[ $(allot ids -o jsonl | grep -c '"slot"') -gt 0 ]]
}

limited() {
    if [[ $1 == "allot run "* && $1 != *--once* ]]; then
        echo "timeout --foreground --preserve-status --signal TERM 1 $1" # else it sends two signals
    else
        echo "$1"
    fi
}

@test "every verb has its test here" {
    diff <(verbs | sort) <(sed -n 's/^@test "examples: \(.*\)" {.*/\1/p' "$BATS_TEST_FILENAME" | sort)
}

@test "help VERB and VERB --help are the same, for every verb" {
    local verb
    for verb in $(verbs); do
        diff <(allot help "$verb") <(allot "$verb" --help)
        diff <(allot help "$verb") <(allot "$verb" -h)
        allot help "$verb" | grep -q "^Usage: allot $verb"
    done
}

@test "every verb is in docs/cli.md, and every exit code" {
    local verb code
    for verb in $(verbs); do
        grep -q "^|.*\`$verb\b" "$BATS_TEST_DIRNAME/../../docs/cli.md"
    done
    for code in $(allot help | sed -n '/^Exit codes/,$s/^ *\([0-9]*\)  .*/\1/p'); do
        grep -q "^|.*\b$code " "$BATS_TEST_DIRNAME/../../docs/cli.md"
    done
}

@test "no line of help is wider than 120 columns" {
    local verb
    for verb in '' $(verbs); do
        [[ -z $(allot help ${verb:+"$verb"} | grep -n '.\{121\}') ]]
    done
}

@test "help of what is no verb names the nearest one" {
    exits 2 allot help stats
    has "unknown verb 'stats'; did you mean 'status'?"
}

@test "examples: run" { examples_of run; }
@test "examples: demo" { examples_of demo; }
@test "examples: status" { examples_of status; }
@test "examples: slots" { examples_of slots; }
@test "examples: leader" { examples_of leader; }
@test "examples: ids" { examples_of ids; }
@test "examples: db" { examples_of db; }
@test "examples: add" { examples_of add; }
@test "examples: generate" { examples_of generate; }
@test "examples: clean" { examples_of clean; }
@test "examples: check-config" { examples_of check-config; }
@test "examples: verify" { examples_of verify; }
@test "examples: sim" { examples_of sim; }
@test "examples: config" { examples_of config; }
@test "examples: completion" { examples_of completion; }
@test "examples: version" { examples_of version; }
@test "examples: help" { examples_of help; }
