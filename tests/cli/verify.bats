#!/usr/bin/env bats
# verify, and the histories that it is for.
load setup

slot() {
    printf '00000001-0000-4000-8000-00000000000%s' "$1"
}

# history NAME SLOT LINE...: a history that begins as it has to.
history() {
    local name=$1 slot
    slot=$(slot "$2")
    shift 2
    {
        printf '{"event":"opened","at":1,"format":1,"boot":"%s","group":"%s","name":"%s","pid":7}\n' \
            "$(slot 9)" "${group:-g}" "$name"
        printf '{"event":"joined","at":2,"slot":"%s","until":1000,"life":"%s","proven":false}\n' "$slot" "$(slot 8)"
        printf '%s\n' "${@//SLOT/$slot}"
    } >"$name.jsonl"
}

held='{"event":"held","at":100,"slot":"SLOT","token":5,"ids":["x","y"]}'
released='{"event":"released","at":200,"slot":"SLOT","token":5,"ids":["x","y"]}'

@test "a hand-over is proved" {
    history a 1 "$held" "$released"
    history b 2 '{"event":"held","at":300,"slot":"SLOT","token":6,"ids":["x"]}'
    exits 0 allot verify a.jsonl b.jsonl
    [[ -z $output && $stdout == 'proved: 2 histories of 7 lines: 2 slots, 0 leaderships, 2 ids, 3 grants, 0 acks' ]]
}

@test "what is wrong is named by its rule and by both lines" {
    history a 1 "$held" "$released"
    history b 2 '{"event":"held","at":150,"slot":"SLOT","token":6,"ids":["x"]}'
    exits 1 allot verify a.jsonl b.jsonl
    output=$stdout
    has 'violated: 2 histories' 'an id held by two at once: 1' \
        "b.jsonl:3: 'x' is held under token 6 since 0.000150, while a.jsonl:3 held it under token 5 until 0.000200 (a.jsonl:4)"
    exits 1 allot verify -o json a.jsonl b.jsonl
    output=$stdout
    has '"verdict":"violated"' '"violations":{"holders":1}' '"rule":"holders"' \
        '"witnesses":[{"file":"b.jsonl","line":3},{"file":"a.jsonl","line":3}]'
}

@test "twenty of a kind are shown, all are counted" {
    local i lines=()
    for ((i = 0; i < 25; i++)); do
        lines+=('{"event":"follows","at":3,"slot":"'"$(slot 7)"'"}')
    done
    history a 1 "${lines[@]}"
    exits 1 allot verify a.jsonl
    output=$stdout
    has 'does not fit what was said before: 25' 'and 5 more'
    [[ $(grep -c 'a.jsonl:' <<<"$stdout") == 20 ]]
}

@test "whether everything added is somewhere is asked for" {
    history a 1 '{"event":"added","at":3,"ids":["z"]}'
    exits 0 allot verify a.jsonl
    exits 1 allot verify --complete a.jsonl
    output=$stdout
    has "a.jsonl:3: 'z' was added, and never held"
}

@test "a torn end is a kill, a torn middle is not" {
    history a 1 "$held" "$released"
    printf '{"event":"rel' >>a.jsonl
    exits 0 allot verify a.jsonl
    output=$stdout
    has 'torn: 1 last line of what was killed'
    printf '\n' >>a.jsonl
    exits 1 allot verify a.jsonl
    output=$stdout
    has 'not a line of a history: 1' 'a.jsonl:5: '
}

@test "usage: no file, one that is not there, and those that cannot be compared" {
    exits 2 allot verify
    has "'allot verify' needs FILE..."
    exits 3 allot verify nowhere.jsonl
    has 'nowhere.jsonl: No such file or directory'
    history a 1
    group=h history b 2
    exits 2 allot verify a.jsonl b.jsonl
    has 'are of different groups'
    history b 2
    sed -i "1s/$(slot 9)/$(slot 6)/" b.jsonl
    exits 2 allot verify a.jsonl b.jsonl
    has 'are of different boots'
    exits 2 allot verify a.jsonl ./a.jsonl
    has 'a.jsonl and ./a.jsonl are the same file: name it once'
    mkdir folder
    exits 2 allot verify folder
    has 'folder: Is a directory'
    history a 1
    exits 2 bash -c 'allot verify a.jsonl >/dev/full'
    : >empty
    exits 1 allot verify empty
    output=$stdout
    has 'empty: there is nothing in it'
}

@test "a replica and those who add write histories that are proved" {
    printf 'red\nblue "\\\n' | allot add --history adder.jsonl -
    allot generate 3 --history adder.jsonl
    allot run --name a --history a.jsonl --generate 2 --once >ids 2>log
    [[ $(wc -l <ids) == 7 ]]
    exits 0 allot verify adder.jsonl a.jsonl
    output=$stdout
    has '2 histories' '1 slots, 1 leaderships, 7 ids, 7 grants'
    # All was given back in the end, so that nothing is anywhere by what is told.
    exits 1 allot verify --complete adder.jsonl a.jsonl
    allot run --name b --history b.jsonl --once >ids 2>log
    exits 0 allot verify -o json adder.jsonl a.jsonl b.jsonl
    output=$stdout
    has '"verdict":"proved","histories":3' '"adds":7' '"violations":{}' '"shown":[]'
}

@test "the same file again: the next process goes on behind the last one" {
    local i
    for i in 1 2; do
        allot run --name a --history a.jsonl --generate 1 --once >ids 2>log
        printf '{"event":"torn' >>a.jsonl
    done
    exits 0 allot verify a.jsonl
    [[ $(grep -c '"event":"opened"' a.jsonl) == 2 ]]
    ALLOT_HISTORY=a.jsonl exits 0 allot add - 
    [[ $(grep -c '"event":"opened"' a.jsonl) == 3 ]]
}

@test "two do not write into one history, and nobody into what is none" {
    start run --name a --history a.jsonl
    eventually test -s a.jsonl
    exits 1 allot run --name b --history a.jsonl
    has 'a.jsonl: another process is writing its history there'
    exits 1 allot run --history /dev/null
    has '/dev/null: a history is a regular file'
    exits 1 allot run --history nowhere/a.jsonl
    has 'nowhere/a.jsonl: No such file or directory'
}

@test "a history that cannot be written ends the replica" {
    exits 1 timeout 30 bash -c 'ulimit -f 16; exec allot run --backend memory --generate 2000 --history a.jsonl'
    has 'a.jsonl: File too large'
    exits 0 allot verify a.jsonl
}

@test "nothing is added that the history cannot tell" {
    local i verb
    for ((i = 0; i < 40000; i++)); do
        echo "some-long-id-$i"
    done >ids
    exits 1 bash -c 'ulimit -f 64; exec allot add --history a.jsonl ids'
    has 'a.jsonl: File too large: make room, or name another file' '0 of 40000 ids were confirmed before'
    [[ $(allot ids | wc -l) == 0 ]]
    # Those of a first part whose confirmation cannot be told any more are there; the next part is not asked for.
    exits 1 bash -c 'ulimit -f 500; exec allot add --history b.jsonl ids'
    has 'b.jsonl: File too large' '16384 of 40000 ids were confirmed before'
    [[ $(allot ids | wc -l) == 16384 ]]
    exits 0 allot verify b.jsonl
    for verb in 'run' 'clean --yes'; do
        output=$(bash -c "ulimit -f 0; exec allot $verb --history c.jsonl" 2>&1) && return 1
        has 'c.jsonl: File too large'
    done
    [[ $(allot ids | wc -l) == 16384 ]]
}

@test "the pool is emptied, and its history says when" {
    allot generate 3 --history a.jsonl
    exits 0 allot clean --yes --history a.jsonl
    [[ $(grep -c '"event":"cleaned"' a.jsonl) == 2 ]]
    grep -q '"event":"cleaned".*"answer":"unknown"' a.jsonl
    grep -q '"event":"cleaned","at":[0-9]*,"since":[0-9]*,"answer":"accepted"' a.jsonl
    exits 0 allot verify --complete a.jsonl
    allot generate 1 --history a.jsonl
    exits 1 allot verify --complete a.jsonl
}

@test "a history is gone on with only where it belongs, and is nobody else's to read" {
    umask 022
    allot generate 1 --history a.jsonl
    [[ $(stat -c %a a.jsonl) == 600 ]]
    echo 'my notes' >notes
    cp notes before
    exits 1 allot generate 1 --history notes
    has 'notes: there is something in it, and it is no history: name another file'
    cmp notes before
    sed '1s/"boot":"......../"boot":"00000000/' a.jsonl >b.jsonl
    exits 1 allot generate 1 --history b.jsonl
    has 'b.jsonl: the history in it is of another boot of the machine' 'name another file'
    exits 1 allot generate 1 --group other --history a.jsonl
    has 'a.jsonl: the history in it is of another group'
    sed '1s/"format":1/"format":2/' a.jsonl >c.jsonl
    exits 1 allot generate 1 --history c.jsonl
    [[ $(allot ids | wc -l) == 1 ]]
}

@test "a history that is still being written is looked at as far as it had come" {
    start run --name a --history a.jsonl --generate 3
    eventually grep -q '"event":"held"' a.jsonl
    exits 0 allot verify --complete a.jsonl
    output=$stdout
    has 'so far: 1 of them is still being written'
    exits 0 bash -c 'allot verify -o json - <a.jsonl'
    output=$stdout
    has '"growing":1'
    kill "${pids[0]}"
    wait "${pids[0]}"
    exits 0 allot verify -o json a.jsonl
    output=$stdout
    has '"growing":0,"torn":0'
}

@test "lines of any length are read, and a longer one is none" {
    history a 1 '{"event":"follows","at":3,"slot":"SLOT"}'
    head -c 300000000 /dev/zero | tr '\0' x >>a.jsonl
    printf '\n' >>a.jsonl
    exits 1 bash -c 'ulimit -v 100000; exec allot verify a.jsonl'
    output=$stdout
    has 'a.jsonl:4: longer than any line' 'not a line of a history: 1'
    # Ids that are many, and as long as they may be, make a line that is none too long.
    local i long
    long=$(printf '%0240d' 0 | tr 0 '\\')
    for ((i = 0; i < 1024; i++)); do
        printf '%s%d\n' "$long" "$i"
    done >ids
    exits 0 allot add --history b.jsonl ids
    exits 0 allot run --name b --history run-b.jsonl --once
    [[ $(wc -L <run-b.jsonl) -gt 200000 ]]
    exits 0 allot verify b.jsonl run-b.jsonl
}
