#!/usr/bin/env bats
# Settings: from a file, the environment and flags; check-config, config dump, config schema.
load setup

# A file with the store in ./elsewhere, and the group that is named after the file.
write_file() {
    cat >allot.yaml <<'END'
group: from-file
lease: { ttl: 20s }
backend:
  type: file
  file: { path: ./elsewhere }
log: { format: json }
END
}

# What `config dump` says of a setting: the line with its last name.
dumped() {
    allot config dump "${@:2}" | grep -E "^ *$1:" | sed 's/^ *//'
}

@test "every verb of a group takes its store from the file" {
    write_file
    start run -c allot.yaml --name a
    eventually allot leader -c allot.yaml
    allot add -c allot.yaml - <<<x
    [[ $(allot ids -c allot.yaml) == x && $(allot db --config allot.yaml) == x ]]
    [[ $(allot ids --config=allot.yaml) == x ]]
    allot generate -c allot.yaml 1
    allot status -c allot.yaml | grep -q 'from-file'
    [[ $(allot slots -c allot.yaml -o jsonl) == *'"name":"a"'* ]]
    [[ $(allot clean -c allot.yaml --yes -o json) == '{"removed":2}' ]]
    [[ -d elsewhere/from-file && ! -e .allot ]]
}

@test "without -c no file is read, not even allot.yaml" {
    write_file
    [[ $(dumped group) == 'group: default' ]]
    allot add - <<<x
    [[ -d .allot/default && ! -e elsewhere ]]
}

@test "ALLOT_CONFIG names the file, and -c beats it" {
    write_file
    sed 's/from-file/other/' allot.yaml >other.yaml
    [[ $(ALLOT_CONFIG=allot.yaml dumped group) == 'group: from-file' ]]
    [[ $(ALLOT_CONFIG=allot.yaml dumped group -c other.yaml) == 'group: other' ]]
    [[ $(ALLOT_CONFIG='' dumped group) == 'group: default' ]]
}

@test "flags beat the environment, which beats the file, which beats the defaults" {
    write_file
    [[ $(dumped ttl) == 'ttl: 10s' ]]
    [[ $(dumped ttl -c allot.yaml) == 'ttl: 20s' ]]
    [[ $(ALLOT_LEASE_TTL=30s dumped ttl -c allot.yaml) == 'ttl: 30s' ]]
    [[ $(ALLOT_TTL=30s dumped ttl -c allot.yaml) == 'ttl: 30s' ]]
    [[ $(ALLOT_TTL=30s dumped ttl -c allot.yaml --ttl 40s) == 'ttl: 40s' ]]
    [[ $(ALLOT_TTL=30s dumped ttl --ttl=40s --config allot.yaml) == 'ttl: 40s' ]]
}

@test "config dump --origins says where each comes from, and dumps what reads back" {
    write_file
    output=$(ALLOT_SLOT_WEIGHT=2 allot config dump -c allot.yaml --origins --settle 1s)
    has allot.yaml:2: ALLOT_SLOT_WEIGHT --settle default
    allot config dump -c allot.yaml >again.yaml
    diff again.yaml <(allot config dump -c again.yaml)
}

@test "secrets are not shown, neither in a dump nor in an error" {
    printf 'backend:\n  type: redis\n  redis: { url: "redis://me:hidden@localhost:6379/0" }\n' >allot.yaml
    allot config dump -c allot.yaml --origins >dump
    grep -q 'localhost:6379' dump
    printf 'backend:\n  type: redis\n  redis: { url: "redis://me:hidden@localhost:6379/0", colour: red }\n' >bad.yaml
    exits 78 allot check-config bad.yaml
    has colour
    [[ $output$(<dump) != *hidden* ]]
}

@test "config schema is JSON, and names what the file may say" {
    allot config schema >schema.json
    python3 -c '
import json
schema = json.load(open("schema.json"))
assert schema["$schema"].startswith("http://json-schema.org/draft-07/schema")
assert "ttl" in schema["properties"]["lease"]["properties"]'
}

@test "check-config: what is right is said on standard output" {
    write_file
    exits 0 allot check-config allot.yaml
    [[ -z $output && $stdout == 'allot.yaml: ok' ]]
    exits 0 allot check-config -c allot.yaml
    ALLOT_CONFIG=allot.yaml exits 0 allot check-config
    [[ $(allot check-config - <allot.yaml) == '-: ok' ]]
    [[ ! -e elsewhere && ! -e .allot ]]
}

@test "check-config: all errors at once, each with its line and a caret" {
    cat >allot.yaml <<'END'
group: a/b
split: { strategey: hash }
lease: { ttl: 10 }
END
    exits 78 allot check-config allot.yaml
    has 'allot.yaml:1:8: error:' \
        "allot.yaml:2:10: error: unknown key 'strategey' in 'split'; did you mean 'strategy'?" \
        'allot.yaml:3:15: error:' 'split: { strategey: hash }' '^~~~~~~~'
    [[ -z $stdout ]]
}

@test "check-config: what the strategy says of its options, at their place" {
    printf 'split:\n  strategy: hash\n  options:\n    sed: 3\n    seed: -4\n' >allot.yaml
    exits 78 allot check-config allot.yaml
    has "allot.yaml:4:10: error: split.options.sed: the strategy 'hash' has no option 'sed'; did you mean 'seed'?" \
        'allot.yaml:5:11: error: split.options.seed:' 'a whole number from 0'
    exits 78 allot run -c allot.yaml
    has 'allot.yaml:4:10: error:'
    printf 'split: { strategy: hsh }\n' >allot.yaml
    exits 78 allot check-config allot.yaml
    has "allot.yaml:1:20: error: split.strategy: there is no strategy 'hsh'"
    printf 'split: { strategy: hash, options: { seed: 7 } }\n' >allot.yaml
    exits 0 allot check-config allot.yaml
}

@test "check-config: what the strategy says stands beside all other errors" {
    printf 'lease: { ttl: 10 }\nsplit: { strategy: hash, options: { seed: -4 } }\ngrop: a\n' >allot.yaml
    exits 78 allot check-config allot.yaml
    has 'allot.yaml:1:15: error:' 'allot.yaml:2:43: error: split.options.seed:' \
        "allot.yaml:3:1: error: unknown key 'grop'"
    printf 'lease: { ttl: 10 }\nsplit: { strategy: hsh }\n' >allot.yaml
    exits 78 allot check-config allot.yaml
    has 'allot.yaml:1:15: error:' "allot.yaml:2:20: error: split.strategy: there is no strategy 'hsh'"
}

@test "check-config: a strategy whose name cannot be read hides no other in its place" {
    printf 'split: { strategy: ../hash, options: { seed: 7 } }\n' >allot.yaml
    exits 78 allot check-config allot.yaml
    has 'allot.yaml:1:20: error: split.strategy:'
    [[ $stderr != *split.options* ]]
}

@test "check-config: what the environment says counts as well" {
    write_file
    ALLOT_LEASE_TTL=10 exits 78 allot check-config allot.yaml
    has ALLOT_LEASE_TTL
}

@test "check-config: without a file there is nothing to check; two are too many" {
    exits 2 allot check-config
    has "needs a FILE"
    exits 2 allot check-config -c allot.yaml other.yaml
    exits 78 allot check-config nowhere.yaml
    has nowhere.yaml 'No such file or directory'
}

@test "errors have colours on a terminal, and nowhere else" {
    echo 'groop: x' >allot.yaml
    exits 78 allot check-config allot.yaml
    [[ $output != *$'\033'* ]]
    output=$(TERM=xterm script -qec 'allot check-config allot.yaml' /dev/null || true)
    has $'\033[' groop
    output=$(TERM=xterm NO_COLOR=1 script -qec 'allot check-config allot.yaml' /dev/null || true)
    [[ $output == *groop* && $output != *$'\033'* ]]
}

@test "every verb that reads the file refuses a wrong one, and does nothing" {
    printf 'backend: { file: { path: ./store } }\nwork: { max_attempts: many }\n' >allot.yaml
    for verb in run status slots leader ids db "add -" "generate 1" "clean --yes" "config dump" check-config; do
        exits 78 allot $verb -c allot.yaml
        has 'allot.yaml:2:23: error:'
    done
    [[ ! -e store ]]
}

@test "a wrong flag is 2, also with a wrong file, and both are told" {
    echo 'groop: x' >allot.yaml
    exits 2 allot run -c allot.yaml --ttl 5
    has --ttl groop
}

@test "help and completion are there whatever is wrong" {
    echo 'groop: x' >allot.yaml
    export ALLOT_CONFIG=allot.yaml ALLOT_TTL=never
    exits 0 allot help run
    exits 0 allot run --help
    exits 0 allot completion bash
    exits 0 allot version
}
