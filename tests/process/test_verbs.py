"""Each verb on a store: what it writes, in each format, and its exit codes."""

import json
import os
import re
import subprocess

import pytest

from replicas import clean_environment, store_held

pytestmark = pytest.mark.backends("file", "redis")

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
SLOT_KEYS = {"slot", "name", "rank", "ids", "recalls", "weight", "expires_in_ms", "host", "pid", "container", "state"}
READERS = ["status", "slots", "leader", "ids", "db"]


# ---- Reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", READERS + ["clean"])
def test_reading_creates_nothing(allot, home, verb):
    done = allot(verb, *(["--yes"] if verb == "clean" else []))
    assert done.returncode == 3 and not done.stdout
    assert "no group here" in done.stderr.decode()
    assert os.listdir(home) == []
    assert allot.server is None or allot.server.ask("DBSIZE") == "0"


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
        clean = subprocess.Popen([allot.binary, "clean", *allot.place], stdin=terminal, stdout=subprocess.PIPE,
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
        ids = subprocess.Popen([allot.binary, "ids", "-o", form, *allot.place], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=clean_environment())
        ids.stdout.read(10)
        ids.stdout.close()
        assert ids.wait(10) == 0 and ids.stderr.read() == b""
        ids.stderr.close()


def test_an_output_that_is_full_is_1(allot):
    allot.add(["x"])
    with open("/dev/full", "wb") as full:
        done = subprocess.run([allot.binary, "ids", *allot.place], stdout=full, stderr=subprocess.PIPE,
                              check=False, env=clean_environment())
    assert done.returncode == 1 and b"cannot write to standard output: No space left on device" in done.stderr
