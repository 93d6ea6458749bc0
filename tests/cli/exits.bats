#!/usr/bin/env bats
# Exit codes: each that help lists, by what brings it about.
load setup

@test "each code that help lists has its test here" {
    diff <(allot help | sed -n '/^Exit codes/,$s/^ *\([0-9]*\)  .*/\1/p') \
        <(sed -n 's/^@test "\([0-9]*\): .*/\1/p' "$BATS_TEST_FILENAME")
}

@test "0: ok, with nothing on standard error" {
    for verb in "add -" "generate 2" status slots ids db "clean --yes" version help; do
        exits 0 allot $verb
        [[ -z $output && ( -n $stdout || $verb == slots ) ]]
    done
}

@test "1: failed, what was refused is named by its line" {
    printf 'good\nbad\001id\n' >ids.txt
    exits 1 allot add ids.txt
    has 'ids.txt:2'
    exits 3 allot ids
}

@test "2: wrong usage, all that is wrong at once, and nothing done" {
    exits 2 allot add --timeout 5 --path
    has "--timeout: expected a duration with a unit, for example 10s; got '5'" '--path: needs a value: DIR'
    exits 2 allot completion csh
    has "completion: expected one of bash|zsh|fish; got 'csh'"
    [[ ! -e .allot ]]
    allot add - <<<x
    exits 2 allot clean
    has 'say --yes'
    [[ $(allot ids) == x ]]
}

@test "3: no group, no leader, no such slot, each said" {
    for verb in status slots leader ids db "clean --yes"; do
        exits 3 allot $verb
        has 'no group here'
    done
    allot add - <<<x
    exits 3 allot leader
    has "nobody leads the group 'default'"
    exits 3 allot ids --slot 00000000-0000-4000-8000-000000000001
    has 'no such slot'
}

@test "4: timed out" {
    exits 4 allot run --once --timeout 1ms
    has 'no split has reached this replica in time'
}

@test "5: a store that does not answer" {
    allot add - <<<x
    flock .allot/default/lock sleep 30 3>&- &
    pids+=($!)
    eventually locked
    exits 5 allot status --timeout 100ms
}

locked() {
    ! flock --nonblock .allot/default/lock true
}

@test "6: lease lost, by an application that takes no events" {
    mkfifo events
    exec 4<>events
    allot run --stall 1s --log-format json --log-ids >events 2>err 3>&- 4>&- &
    pids+=($!)
    allot generate 5000
    sleep 2.5
    cat <&4 >/dev/null 3>&- &
    pids+=($!)
    exec 4>&-
    local code=0
    wait "${pids[0]}" || code=$?
    [[ $code == 6 ]]
    output=$(<err)
    has 'left the group: stalled'
}

@test "78: bad configuration, and a module that is not there" {
    ALLOT_TIMEOUT=5 exits 78 allot status
    has 'ALLOT_TIMEOUT: expected a duration with a unit'
    exits 78 allot run --backend paper
    has paper
    for verb in run demo; do
        exits 78 allot $verb --strategy paper
        has "there is no strategy 'paper'"
    done
}

@test "143: a second signal ends it at once, where the first one cannot" {
    start run --name a
    eventually allot leader
    flock .allot/default/lock sleep 30 3>&- &
    pids+=($!)
    eventually locked
    kill -TERM "${pids[0]}"
    sleep 0.5
    kill -0 "${pids[0]}"
    kill -TERM "${pids[0]}"
    local code=0
    wait "${pids[0]}" || code=$?
    [[ $code == 143 ]]
}
