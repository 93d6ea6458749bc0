#!/usr/bin/env bats
# The simulator: for the project's own seeds, and for somebody's settings and strategy.
load setup

allot_sim() {
    "$(dirname "$(command -v allot)")/../sim/allot-sim" "$@"
}

modules() {
    cd "$(dirname "$(command -v allot)")/../tests/badmodules/modules" && pwd
}

settings() {
    printf '%s\n' "$@" >allot.yaml
}

@test "the settings of a file are played" {
    settings 'lease: { ttl: 7s }' 'split: { strategy: chunked }'
    allot sim -c allot.yaml --seed 3 --trace >story
    grep -q "starts, ttl 7000 ms" story
    grep -q "plans by chunked" story
    [[ -z $(grep "starts, ttl" story | grep -v "ttl 7000 ms") ]]
}

@test "without a file, seeds draw everything" {
    local seed
    for seed in 1 2 3 4 5 6 7 8; do
        allot sim --seed "$seed" --trace | grep -o "starts, ttl [0-9]*" || true
    done | sort -u >ttls
    [[ $(wc -l <ttls) -gt 1 ]]
}

@test "the report names all measures, and is the same each time" {
    settings 'split: { strategy: round_robin }'
    allot sim -c allot.yaml --seeds 60 -o json >first
    allot sim -c allot.yaml --seeds 60 --jobs 1 -o json >second
    diff first second
    python3 - <<'PYTHON'
import json
r = json.load(open("first"))
assert r["passed"] == 60 and r["failed"] == 0, r
m = r["measures"]
assert set(m) == {"largest_share", "moved_ids_per_change", "necessary_ids_per_change", "leaderless_s",
                  "longest_leaderless_s", "orphaned_id_s"}, m
for row in m.values():
    assert row["median"] <= row["p99"] <= row["worst"] and 1 <= row["worst_seed"] <= 60, row
assert m["leaderless_s"]["worst"] >= m["longest_leaderless_s"]["worst"] > 0
assert m["largest_share"]["median"] >= 1 and m["orphaned_id_s"]["worst"] > 0
PYTHON
}

@test "a longer lease means a longer time without a leader" {
    local ttl
    for ttl in 2s 20s; do
        settings "lease: { ttl: $ttl }"
        allot sim -c allot.yaml --seeds 80 --nodes 3 -o json >"$ttl"
    done
    python3 - <<'PYTHON'
import json
short, long = (json.load(open(f))["measures"]["leaderless_s"]["median"] for f in ("2s", "20s"))
assert long > 3 * short, (short, long)
PYTHON
}

@test "a strategy that moves more than it must is seen" {
    local strategy
    for strategy in round_robin hash; do
        settings "split: { strategy: $strategy }"
        allot sim -c allot.yaml --seeds 80 --nodes 4 --ids 200 --without work,stubborn-workers -o json >"$strategy"
    done
    python3 - <<'PYTHON'
import json
moved = {s: json.load(open(s))["measures"]["moved_ids_per_change"]["median"] for s in ("round_robin", "hash")}
assert moved["hash"] > 1.3 * moved["round_robin"] > 0, moved
PYTHON
}

@test "a strategy that lies fails, is named with its seed, and made small" {
    settings "modules: { path: $(modules) }" 'split: { strategy: out_of_range }'
    exits 1 allot sim -c allot.yaml --seeds 20
    has "strategy out_of_range" "replay: allot sim -c allot.yaml --seed " "at commit "
    exits 1 allot sim -c allot.yaml --seed 1 --trace
    allot sim -c allot.yaml --seed 1 --shrink >small 2>/dev/null
    grep -q "^seed .*strategy out_of_range" small
    grep -q "^  1 replicas, 1 ids, faults 0:" small
    line=$(sed -n 's/^  replay: \(.*\) --trace$/\1/p' small)
    exits 1 bash -c "$line"
}

@test "a strategy that is not there is said so" {
    settings 'split: { strategy: nonsense }'
    exits 78 allot sim -c allot.yaml
    has "nonsense"
}

@test "wrong uses" {
    exits 2 allot sim --trace
    exits 2 allot sim --seed 1 --trace --shrink
    exits 2 allot sim --without nonsense
    exits 2 allot sim --nodes 1001
    exits 2 allot sim --nodes none
    exits 2 allot sim --drop 7-3
    exits 1 allot sim --seed 1 --shrink
    [[ $stdout == *"passes: there is nothing to make small"* ]]
}

@test "wrong uses of allot-sim, and its help" {
    exits 2 allot_sim --trace
    exits 2 allot_sim --seed 1 --trace --shrink
    exits 2 allot_sim --seed " -5"
    exits 2 allot_sim --seed 1 --until 0
    exits 2 allot_sim --seed 1 --until 3x
    allot_sim --help | grep -q "^usage: allot-sim"
}

@test "when faults end is said in milliseconds, or with a unit" {
    allot_sim --seed 1025 --until 3000 >plain
    allot_sim --seed 1025 --until 3000ms | diff plain -
    allot_sim --seed 1025 --until 3s | diff plain -
    allot_sim --seed 1025 >longer
    if diff plain longer; then
        return 1
    fi
}

@test "a trace is the same each time; all of it is more than the story" {
    allot_sim --seed 2479 --trace >story
    allot_sim --seed 2479 --trace | diff story -
    allot_sim --seed 2479 --trace=all >all
    [[ $(wc -l <all) -gt $(wc -l <story) ]]
    diff <(tail -1 all) <(tail -1 story)
}

@test "what is left out does not happen, and the rest of a seed stays" {
    allot_sim --seed 2479 --without weights | grep -q "faults 0x[0-9a-f]*: lost-requests"
    [[ -z $(allot_sim --seed 2479 --without lost-requests | grep "lost-requests") ]]
    allot_sim --seed 2479 --nodes 2 --ids 3 | grep -q "^  2 replicas, 3 ids"
    [[ $(allot_sim --seed 1025 --trace | grep -c "crashes$") -gt 0 ]]
    [[ $(allot_sim --seed 1025 --drop 0-4095 --trace | grep -c "crashes$") -eq 0 ]]
}

@test "cases of a file: a line may leave out as the options do, and a wrong one is named" {
    printf '# a comment\n\n31 nodes=1 ids=0 until=3000ms without=weights,work drop=0-3,7 # why\n' >cases
    allot_sim --file cases >out
    grep -q "^  1 replicas, 0 ids" out
    printf '31 only=none\n31 only=clock-drift,duplicates ids=7\n' >cases
    allot_sim --file cases >out
    grep -q "^  2 replicas, 22 ids, faults 0:" out
    grep -q "^  2 replicas, 7 ids, faults 0x[0-9a-f]*: duplicates clock-drift$" out
    printf '31\n' >cases
    allot_sim --file cases >out
    tail -1 out | grep -q "^1 passed, 0 failed$"
    printf '31\n31 nodes=0\n' >cases
    exits 2 allot_sim --file cases
    has "cases:2"
}
