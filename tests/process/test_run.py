"""`allot run`: its log, its signals, its ends."""

import datetime
import json
import os
import re
import signal
import subprocess
import time

import pytest

from replicas import LIMIT_S, clean_environment, store_held

pytestmark = pytest.mark.backends("file", "redis")

KEYS = {"ts", "mono_ns", "event", "slot", "leader", "term", "version", "count"}


def _run(allot, *flags, **more):
    return subprocess.Popen([allot.binary, "run", *allot.place, *flags], stdin=subprocess.DEVNULL,
                            env=clean_environment(), **more)


def test_the_events_of_a_life(allot, group):
    allot.add(["x", "y"])
    replica = group.start("one")
    replica.wait(lambda r: len(r.held) == 2 and r.named("split"), "its share")
    assert replica.terminate() == 0
    words = [word for word in replica.words() if word != "note"]  # that the server keeps nothing
    assert words[0] == "joined" and words[-1] == "left"
    order = [words.index(word) for word in ("joined", "leader", "gained", "recalled", "released", "left")]
    assert order == sorted(order)
    assert allot.json("status")["pool"] == {"total": 2, "inbox": 2, "placed": 0, "parked": 0}
    group.check()


def test_the_shape_of_events(allot, group):
    allot.add(["x", "y"])
    replica = group.start("one")
    replica.wait(lambda r: r.held and r.named("split"), "its share")
    replica.terminate()
    for event in replica.events:
        assert set(event) >= KEYS, event
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", event["ts"])
        assert event["slot"] == (replica.slot if event["event"] != "note" else None)
    joined, gained = replica.named("joined")[0], replica.named("gained")[0]
    assert joined["version"] is None or joined["version"] >= 0
    assert joined["count"] is None and "ids" not in joined
    assert gained["count"] == len(gained["ids"]) and set(gained["ids"][0]) == {"id", "token"}
    assert replica.named("leader")[0]["term"] == gained["term"]
    at = datetime.datetime.fromisoformat(joined["ts"].replace("Z", "+00:00")).timestamp()
    mono = joined["mono_ns"] / 1e9
    assert abs((time.time() - at) - (time.monotonic() - mono)) < 0.1
    instants = [event["mono_ns"] for event in replica.events]
    assert instants == sorted(instants)


def test_without_log_ids_there_are_counts_alone(allot):
    allot.add(["x", "y"])
    run = _run(allot, "--log-format", "json", stdout=subprocess.PIPE)
    for line in run.stdout:
        event = json.loads(line)
        assert "ids" not in event
        if event["event"] == "gained":
            assert event["count"] == 2
        if event["event"] == "split":
            run.send_signal(signal.SIGTERM)
    assert run.wait(LIMIT_S) == 0
    run.stdout.close()


def test_the_log_for_people_goes_to_stderr(allot):
    allot.add(["x", "y"])
    run = _run(allot, "--log-format", "pretty", "--log-ids", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    lines = []
    for line in run.stderr:
        lines.append(line.decode())
        if " split " in lines[-1]:
            run.send_signal(signal.SIGINT)
    assert run.wait(LIMIT_S) == 0 and run.stdout.read() == b""
    text = "".join(lines)
    assert re.search(r"^\d\d:\d\d:\d\d\.\d{3}  joined +as slot [0-9a-f-]{36}$", text, re.M)
    assert re.search(r"  leader +in term \d+$", text, re.M) and re.search(r"  gained +2 ids: (x y|y x)$", text, re.M)
    assert "\033" not in text
    run.stdout.close()
    run.stderr.close()


def test_once_prints_the_share_and_leaves(allot):
    allot.add(["x", "y", "z"])
    done = allot("run", "--once", "--timeout", "10s")
    assert done.returncode == 0 and sorted(done.stdout.split()) == [b"x", b"y", b"z"]
    assert allot.json("status")["pool"]["inbox"] == 3


def test_once_with_generated_ids(allot):
    done = allot("run", "--once", "--generate", "10", "--log-format", "json")
    assert done.returncode == 0 and len(set(done.stdout.split())) == 10
    assert any(json.loads(line)["event"] == "left" for line in done.stderr.splitlines())


def test_once_among_others_prints_its_own_part(allot, group):
    names = [f"name-{number}" for number in range(10)]
    allot.add(names)
    other = group.start("other")
    group.wait_placed(names)
    done = allot("run", "--once", "--timeout", "20s")
    assert done.returncode == 0 and len(done.stdout.split()) == 5
    group.wait_placed(names)
    assert other.terminate() == 0


def test_once_that_comes_too_late_is_4(allot):
    done = allot("run", "--once", "--timeout", "100ms", "--quarantine", "always", "--ttl", "30s", "--generate", "1")
    assert done.returncode == 4 and b"no split has reached this replica in time" in done.stderr


@pytest.mark.backends("file")
def test_generate_in_memory_needs_no_store(allot, home):
    done = allot("run", "--backend", "memory", "--generate", "3", "--once", "--timeout", "10s", store=False, cwd=home)
    assert done.returncode == 0 and len(done.stdout.split()) == 3
    assert os.listdir(home) == []


def test_a_second_signal_ends_at_once(allot, group):
    """The drain of a replica whose recalled ids stay cannot end: what ends it is the second signal."""
    allot.add(["x"])
    replica = group.start("one", "--ttl", "30s")
    replica.wait(lambda r: r.held, "its share")
    # Nobody reads its events any more, and the pipe is full: it cannot go on. Neither can it be asked nicely.
    stopped = _run(allot, "--log-format", "json", "--log-ids", "--ttl", "30s", stdout=subprocess.PIPE)
    stopped.stdout.readline()
    allot.add([f"{number:0250}" for number in range(2000)])
    group.wait(lambda: len(replica.held) > 900, "its share of many")
    _wait_blocked(stopped.pid)
    stopped.send_signal(signal.SIGTERM)
    _wait_taken(stopped.pid)
    assert stopped.poll() is None
    stopped.send_signal(signal.SIGTERM)
    assert stopped.wait(LIMIT_S) == 143
    stopped.stdout.close()


def _wait_until(reached, what):
    deadline = time.monotonic() + LIMIT_S
    while not reached():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


def _wait_blocked(pid):
    """Its main thread is in a write to a pipe."""
    _wait_until(lambda: "pipe_write" in _read(f"/proc/{pid}/wchan") or "pipe" in _read(f"/proc/{pid}/stack"),
                "it to be held up")


def _wait_taken(pid):
    """The signal is pending no more."""
    _wait_until(lambda: int(re.search(r"ShdPnd:\s*(\w+)", _read(f"/proc/{pid}/status")).group(1), 16) == 0,
                "the signal to be taken")


def _read(path):
    try:
        with open(path, encoding="ascii") as file:
            return file.read()
    except OSError:
        return ""


def test_whoever_read_the_events_went_away(allot):
    allot.add(["x"])
    run = _run(allot, "--log-format", "json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for line in run.stdout:
        if json.loads(line)["event"] == "split":
            break
    run.stdout.close()
    assert run.wait(LIMIT_S) == 0 and run.stderr.read() == b""
    run.stderr.close()
    assert allot.json("status")["pool"]["inbox"] == 1


def test_a_store_that_does_not_answer(allot, group):
    """It says so, counts down, and past its deadline owns nothing; then it joins anew."""
    allot.add(["x", "y"])
    replica = group.start("one", "--ttl", "1500ms")
    replica.wait(lambda r: len(r.held) == 2, "its share")
    old = replica.slot
    with store_held(allot):
        replica.wait_event("fenced")
        assert not replica.held
    replica.wait(lambda r: r.slot != old and len(r.held) == 2, "to join anew, and its share")
    words = replica.words()
    # A beat that nobody answers is given up 10 ms before the risk is told: which of the two comes first is open.
    for first in ("store_down", "at_risk"):
        order = [words.index(word) for word in (first, "lost", "fenced", "store_up")]
        assert order == sorted(order)
    assert replica.named("store_down")[0]["message"]
    assert 0 < replica.named("at_risk")[0]["valid_for_ms"] <= 500
    assert replica.named("lost")[0]["why"] == replica.named("fenced")[0]["why"] == "deadline"
    group.check()


def test_manual_release_keeps_recalled_ids_until_the_end(allot, group):
    names = [f"name-{number}" for number in range(10)]
    allot.add(names)
    first = group.start("first", "--handover-release", "manual")
    group.wait_placed(names)
    second = group.start("second")
    first.wait_event("recalled")
    second.wait_event("joined")
    assert len(first.named("recalled")[0]["ids"]) == 5 and not first.named("released")
    assert sum(slot["recalls"] for slot in allot.json("slots")) == 5
    assert first.terminate() == 0
    group.wait_placed(names, [second])
    assert {i["id"] for e in first.named("released") for i in e["ids"]} == set(names)
    group.check()


def test_an_unanswered_recall_retires_the_slot(allot, group):
    names = [f"name-{number}" for number in range(10)]
    allot.add(names)
    # The leader retires a follower: so the one that keeps its ids must not lead.
    leader = group.start("leader", "--on-timeout", "retire", "--handover-timeout", "300ms", "--ttl", "2s")
    group.wait_placed(names)
    keeper = group.start("keeper", "--handover-release", "manual", "--ttl", "2s")
    group.wait_placed(names)
    old = keeper.slot
    third = group.start("third", "--ttl", "2s")
    keeper.wait_event("fenced")
    keeper.wait(lambda r: r.slot != old, "to join anew")
    group.wait_placed(names)
    words = keeper.words()
    assert "lost" in words[:words.index("fenced")]
    assert leader.running and third.held
    group.check()


def test_weight(allot, group):
    names = [f"name-{number}" for number in range(40)]
    allot.add(names)
    light, heavy = group.start("light"), group.start("heavy", "--weight", "3")
    group.wait(lambda: (len(light.held), len(heavy.held)) == (10, 30), "shares by weight")
    group.check()


def test_a_stalled_reader_leaves(allot, group):
    """With --stall, an application that takes no events is treated as dead: its ids go to the others."""
    names = [f"{number:0250}" for number in range(1200)]
    allot.add(names)
    stalled = _run(allot, "--log-format", "json", "--log-ids", "--stall", "500ms", "--ttl", "30s",
                   stdout=subprocess.PIPE)
    _wait_blocked(stalled.pid)
    other = group.start("other", "--ttl", "30s")
    group.wait_placed(names, [other])
    assert stalled.poll() is None
    stalled.kill()
    stalled.wait()
    stalled.stdout.close()


@pytest.mark.backends("file")
@pytest.mark.parametrize("flags, code", [(["--backend", "paper"], 78), (["--strategy", "paper"], 78)])
def test_refused_modules(allot, flags, code):
    done = allot("run", *flags)
    assert done.returncode == code and b"paper" in done.stderr
