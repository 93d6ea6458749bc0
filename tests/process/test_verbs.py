"""Each verb: what it writes, in each format, and its exit codes."""

import json
import os
import re
import subprocess

import pytest

from replicas import clean_environment, store_held

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
SLOT_KEYS = {"slot", "name", "rank", "ids", "recalls", "weight", "expires_in_ms", "host", "pid", "container", "state"}
READERS = ["status", "slots", "leader", "ids", "db"]


# ---- Usage -----------------------------------------------------------------------------------------------------------


def test_no_verb(allot):
    done = subprocess.run([allot.binary], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2 and not done.stdout and b"Usage: allot VERB" in done.stderr


def test_help_names_every_verb(allot):
    text = allot("help", store=False).stdout.decode()
    for verb in [*READERS, "run", "demo", "add", "generate", "clean", "version", "help"]:
        assert re.search(rf"^  {verb}\b", text, re.M), verb
    assert allot("--help", store=False).stdout.decode() == text


def test_help_of_a_verb_names_its_options_and_environment(allot):
    text = allot("help", "run", store=False).stdout.decode()
    for flag, env in [("--ttl DURATION", "ALLOT_TTL"), ("--path DIR", "ALLOT_PATH"), ("--once", "ALLOT_ONCE")]:
        assert flag in text and f"[{env}]" in text
    assert allot("run", "--help", store=False).stdout.decode() == text


@pytest.mark.parametrize("arguments, message", [
    (["stats"], "unknown verb 'stats'; did you mean 'status'?"),
    (["frobnicate"], "unknown verb 'frobnicate'; see 'allot help'"),
    (["run", "--tll", "5s"], "unknown option '--tll'; did you mean '--ttl'?"),
    (["run", "--ttl", "10"], "--ttl: expected a duration with a unit, for example 10s; got '10'"),
    (["run", "--ttl", "10parsecs"], "--ttl: expected a duration with a unit, for example 10s; got '10parsecs'"),
    (["run", "--ttl=100ms"], "--ttl: expected 1s to 24h; got '100ms'"),
    (["run", "--weight", "0"], "--weight: expected 1 to 1000; got '0'"),
    (["run", "--on-timeout", "maybe"], "--on-timeout: expected one of keep|retire; got 'maybe'"),
    (["run", "--backend-option", "fsync"],
     "--backend-option: expected KEY=VALUE, for example fsync=always; got 'fsync'"),
    (["run", "--ttl"], "--ttl: needs a value: DURATION"),
    (["run", "--once=yes"], "--once: takes no value; got 'yes'"),
    (["status", "--ttl", "5s"], "'allot status' has no option --ttl; see 'allot help status'"),
    (["status", "-o", "xml"], "-o: expected one of table|json|jsonl; got 'xml'"),
    (["status", "extra"], "unexpected argument 'extra'; see 'allot help status'"),
    (["generate"], "'allot generate' needs N"),
    (["generate", "many"], "N: expected a number from 0 to 10000000; got 'many'"),
    (["ids", "--slot", "x"], "--slot: expected a UUID; got 'x'"),
    (["--ttl", "5s"], "the verb comes first, options after it: allot VERB --ttl ...; see 'allot help'"),
])
def test_wrong_usage_is_2(allot, arguments, message):
    done = allot(*arguments, store=False)
    assert done.returncode == 2 and not done.stdout
    assert done.stderr.decode().splitlines()[0] == f"error: {message}"


def test_all_wrong_options_are_named_at_once(allot):
    done = allot("run", "--ttl", "1", "--settle", "2", store=False)
    assert [line.split(":")[1] for line in done.stderr.decode().splitlines()] == [" --ttl", " --settle"]


def test_a_wrong_environment_is_78_and_a_flag_beats_it(allot, home):
    env = clean_environment(ALLOT_TIMEOUT="5")
    done = allot("status", env=env)
    assert done.returncode == 78
    assert done.stderr.decode() == "error: ALLOT_TIMEOUT: expected a duration with a unit, for example 10s; got '5'\n"
    allot.add(["x"])
    done = subprocess.run([allot.binary, "ids", "--path", allot.path], stdout=subprocess.PIPE, check=True,
                          env=clean_environment(ALLOT_PATH=os.path.join(home, "elsewhere")))
    assert done.stdout == b"x\n"


@pytest.mark.parametrize("name", ["ALLOT_PATH", "ALLOT_BACKEND_FILE_PATH"])
def test_the_path_from_the_environment(allot, name):
    allot.add(["x"])
    done = allot("ids", store=False, env=clean_environment(**{name: allot.path}))
    assert done.stdout == b"x\n"


def test_without_a_path_the_store_is_here(allot, home):
    allot("add", "-", stdin=b"x\n", store=False, cwd=home)
    assert allot("ids", store=False, cwd=home).stdout == b"x\n"
    assert os.path.isdir(os.path.join(home, ".allot"))


def test_version(allot):
    text = allot("version", store=False).stdout.decode()
    assert re.fullmatch(r"allot \d+\.\d+\.\d+\n", text)
    assert json.loads(allot("version", "-o", "json", store=False).stdout) == {"version": text.split()[1]}


def test_an_unknown_backend_is_78(allot):
    done = allot("status", "--backend", "paper", store=False)
    assert done.returncode == 78 and b"paper" in done.stderr


def test_an_unknown_option_of_the_backend_is_78(allot):
    done = allot("generate", "1", "--backend-option", "colour=red")
    assert done.returncode == 78 and b"colour" in done.stderr


def test_an_unknown_strategy_is_78(allot):
    done = allot("run", "--strategy", "paper")
    assert done.returncode == 78 and b"paper" in done.stderr


def test_a_group_that_is_no_name_is_78(allot):
    done = allot("generate", "1", "--group", "../x")
    assert done.returncode == 78 and b"group" in done.stderr


def test_a_name_that_is_too_long_is_78(allot):
    done = allot("run", "--name", "x" * 129)
    assert done.returncode == 78 and b"name" in done.stderr and b"128" in done.stderr


# ---- Reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", READERS + ["clean"])
def test_reading_creates_nothing(allot, home, verb):
    done = allot(verb, *(["--yes"] if verb == "clean" else []))
    assert done.returncode == 3 and not done.stdout
    assert "no group here" in done.stderr.decode()
    assert os.listdir(home) == []


def test_status_of_a_group_without_slots(allot):
    allot.add(["x", "y"])
    status = allot.json("status")
    assert re.fullmatch(UUID, status.pop("life"))
    assert status == {"group": "default", "leader": None, "version": 0, "strategy": "", "slots": [],
                      "pool": {"total": 2, "inbox": 2, "placed": 0, "parked": 0}}
    text = allot("status").stdout.decode()
    assert "leader    none" in text and "2 ids: 0 placed, 2 in the inbox, 0 parked" in text


def test_a_store_that_does_not_answer_in_time_is_5(allot):
    allot.add(["x"])
    with store_held(allot):
        for verb in READERS:
            done = allot(verb, "--timeout", "200ms")
            assert done.returncode == 5 and not done.stdout and done.stderr.startswith(b"error: "), verb
        done = allot("add", "--timeout", "200ms", "-o", "json", stdin=b"y\n")
        assert done.returncode == 5 and b'"added":0' in done.stdout
    assert set(allot("ids").stdout.split()) == {b"x"}


def test_no_leader_is_3(allot):
    allot.add(["x"])
    for form in ("table", "json"):
        done = allot("leader", "-o", form)
        assert done.returncode == 3 and not done.stdout and b"nobody leads" in done.stderr


@pytest.fixture
def pair(allot, group):
    """Two replicas that own two ids each."""
    names = ["a", "b", "c", "d"]
    allot.add(names)
    replicas = [group.start("one"), group.start("two", "--weight", "1")]
    group.wait(lambda: all(r.slot for r in replicas), "both to join")
    group.wait_placed(names)
    group.wait(lambda: all(r.named("split") for r in replicas), "a split")
    return replicas


def test_status_slots_and_leader(allot, group, pair):
    leader = group.leader()
    status = allot.json("status")
    slots = allot.json("slots")
    assert set(slots[0]) == SLOT_KEYS
    assert {(s["slot"], s["name"], s["pid"]) for s in slots} == {(r.slot, r.name, r.process.pid) for r in pair}
    assert [s["rank"] for s in slots] == [1, 2] and [s["ids"] for s in slots] == [2, 2]
    assert all(0 < s["expires_in_ms"] <= 10000 and s["state"] == "live" for s in slots)
    assert [s["slot"] for s in status["slots"]] == [s["slot"] for s in slots]
    assert status["leader"]["slot"] == leader.slot and status["strategy"] == "round_robin" and status["version"] >= 1
    assert status["pool"] == {"total": 4, "inbox": 0, "placed": 4, "parked": 0}
    told = allot.json("leader")
    assert set(told) == {"slot", "name", "term", "expires_in_ms"}
    assert (told["slot"], told["name"]) == (leader.slot, leader.name)
    assert told["term"] == status["leader"]["term"] == leader.named("leader")[-1]["term"]


def test_tables(allot, pair):
    rows = allot("slots").stdout.decode().splitlines()
    assert rows[0].split()[:5] == ["RANK", "SLOT", "NAME", "STATE", "IDS"]
    assert len(rows) == 3 and all(replica.slot in "".join(rows) for replica in pair)
    assert allot("leader").stdout.decode().count("leads in term") == 1
    lines = allot("slots", "-o", "jsonl").stdout.splitlines()
    assert [json.loads(line)["rank"] for line in lines] == [1, 2]


def test_ids_and_who_owns_them(allot, pair):
    rows = {row["id"]: row for row in allot.json("ids")}
    for replica in pair:
        for name, token in replica.held.items():
            assert rows[name] == {"id": name, "token": token, "slot": replica.slot}
    assert len(rows) == 4
    one = pair[0]
    assert set(allot("ids", "--slot", one.slot).stdout.decode().split()) == set(one.held)
    assert {row["slot"] for row in allot.json("ids", "--slot", one.slot)} == {one.slot}


def test_ids_of_a_slot_that_is_not_there_is_3(allot):
    allot.add(["x"])
    done = allot("ids", "--slot", "00000000-0000-4000-8000-000000000001")
    assert done.returncode == 3 and not done.stdout and b"no such slot" in done.stderr


# ---- Changing the pool -----------------------------------------------------------------------------------------------


def test_add_payloads_empty_lines_and_carriage_returns(allot):
    done = allot("add", "-o", "json", stdin="x\tfirst\tstill first\r\n\n\r\ny\nz\t\nlast".encode())
    assert json.loads(done.stdout) == {"added": 4, "present": 0, "refused": 0} and done.returncode == 0
    assert allot("db").stdout == b"x\ny\nz\nlast\n"
    assert allot.json("db") == [{"id": "x", "payload": "first\tstill first"}, {"id": "y"}, {"id": "z"}, {"id": "last"}]
    assert allot.json("ids") == [{"id": name} for name in ("x", "y", "z", "last")]
    lines = allot("db", "-o", "jsonl").stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["x", "y", "z", "last"]


def test_json_is_escaped(allot):
    payload = b'a "b" \\ c\x01\x1b\r\x7f \xff\xc3 end'
    allot("add", stdin='say "hi" \\ \u00e4 \U0001f600'.encode() + b"\t" + payload + b"\n")
    (row,) = allot.json("db")
    assert row["id"] == 'say "hi" \\ \u00e4 \U0001f600'
    # What is not UTF-8 cannot be JSON: each such byte is shown as U+FFFD.
    assert row["payload"] == 'a "b" \\ c\x01\x1b\r\x7f \ufffd\ufffd end'


def test_add_again_is_counted_and_changes_nothing(allot):
    allot.add(["x", "y"])
    assert allot.add(["y", "z", "z"]) == {"added": 1, "present": 2, "refused": 0}
    assert allot("add", stdin=b"x\nw\n").stdout == b"added 1 id; 1 was in the pool before\n"


def test_add_a_file(allot, home):
    path = os.path.join(home, "ids")
    with open(path, "wb") as file:
        file.write("grün\nx\n".encode())
    assert allot("add", path).stdout == b"added 2 ids\n"
    assert {row["id"] for row in allot.json("ids")} == {"grün", "x"}


def test_add_checks_the_whole_file_first(allot, home):
    path = os.path.join(home, "ids")
    lines = [b"good", b"be\x07ll", "grün\xff".encode("latin-1"), "grü".encode() + b"\xff", b"\tpayload", b"x" * 256,
             b"y\t" + b"p" * 65537, "é".encode() * 127 + b"z", b"end"]
    with open(path, "wb") as file:
        file.write(b"\n".join(lines))
    done = allot("add", "-o", "json", path)
    assert done.returncode == 1
    assert json.loads(done.stdout) == {"added": 0, "present": 0, "refused": 6}
    places = [line.split(": error: ")[0].rsplit(":", 2) for line in done.stderr.decode().splitlines()]
    assert places == [[path, "2", "3"], [path, "3", "3"], [path, "4", "4"], [path, "5", "1"], [path, "6", "256"],
                      [path, "7", "3"]]
    assert allot("status").returncode == 3


def test_add_shows_the_first_20_errors(allot):
    done = allot("add", "-o", "json", stdin=b"\x01\n" * 33)
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 21 and lines[-1] == "-: and 13 errors more"
    assert json.loads(done.stdout)["refused"] == 33


def test_add_a_file_that_is_not_there_is_3(allot, home):
    done = allot("add", os.path.join(home, "nothing"))
    assert done.returncode == 3 and b"No such file" in done.stderr


def test_generate(allot):
    assert allot.json("generate", "7") == {"added": 7, "present": 0, "refused": 0}
    names = allot("ids").stdout.decode().split()
    assert len(set(names)) == 7 and all(re.fullmatch(UUID, name) for name in names)


def test_clean_needs_yes(allot):
    allot.add(["x", "y"])
    done = allot("clean")
    assert done.returncode == 2 and b"--yes" in done.stderr
    assert allot.json("status")["pool"]["total"] == 2
    assert allot.json("clean", "--yes") == {"removed": 2}
    assert allot.json("ids") == [] and allot("ids").stdout == b""


def test_clean_asks_on_a_terminal(allot):
    allot.add(["x"])
    for answer, left in (("n", 1), ("y", 0)):
        master, terminal = os.openpty()
        clean = subprocess.Popen([allot.binary, "clean", "--path", allot.path], stdin=terminal, stdout=subprocess.PIPE,
                                 stderr=terminal, env=clean_environment())
        os.close(terminal)
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(master, 1000)
        assert b"Remove all ids of group 'default' (1), whoever" in shown
        os.write(master, answer.encode() + b"\n")
        assert clean.wait(10) == left
        clean.stdout.close()
        os.close(master)
        assert allot.json("status")["pool"]["total"] == left


def test_clean_tells_the_owners(allot, group, pair):
    allot.json("clean", "--yes")
    group.wait(lambda: not any(r.held for r in pair), "every id to be lost")
    assert all(event["why"] == "cleaned" for replica in pair for event in replica.named("lost"))
    group.check()


def test_a_reader_that_goes_away_is_no_failure(allot):
    allot.add([f"name-{number}" for number in range(50000)])
    for form in ("table", "json", "jsonl"):
        ids = subprocess.Popen([allot.binary, "ids", "-o", form, "--path", allot.path], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=clean_environment())
        ids.stdout.read(10)
        ids.stdout.close()
        assert ids.wait(10) == 0 and ids.stderr.read() == b""
        ids.stderr.close()


def test_an_output_that_is_full_is_1(allot):
    allot.add(["x"])
    with open("/dev/full", "wb") as full:
        done = subprocess.run([allot.binary, "ids", "--path", allot.path], stdout=full, stderr=subprocess.PIPE,
                              check=False, env=clean_environment())
    assert done.returncode == 1 and b"cannot write to standard output: No space left on device" in done.stderr
