"""What the frame's word is worth: it says no when it has to."""

import contextlib
import dataclasses
import errno
import json
import os

import pytest

import catalogue  # noqa: F401  pylint: disable=unused-import
import evidence
import failpoints
import frame
import samples
import steps
from clocks import Clock
from redis_server import missing


def _nothing(_stage):
    """No fault at all."""


@pytest.fixture(scope="module")
def stage(binary):
    one = frame.Scenario(_nothing, "nothing", (frame.FILE,), frame.SAFE)
    stage = frame.Stage(binary, frame.FILE, one)
    stage.start()
    stage.wait_work()
    yield stage
    stage.close()


def test_nothing_is_safe_and_not_degraded(stage):
    assert frame.run_in(stage, stage.setting)["outcome"] == frame.SAFE
    with pytest.raises(AssertionError, match="safe, but degraded was expected"):
        frame.run_in(stage, dataclasses.replace(stage.setting, expect=frame.DEGRADED))


def test_a_struck_replica_does_not_count_and_others_do(stage):
    def fence_one(at):
        victim = at.follower()
        at.stop(victim)
        steps.on_anew(at, victim)

    def fence_one_and_deny_it(at):
        fence_one(at)
        at.struck.clear()
    assert frame.run_in(stage, dataclasses.replace(stage.setting, inject=fence_one))["outcome"] == frame.SAFE
    one = dataclasses.replace(stage.setting, inject=fence_one_and_deny_it, expect=frame.DEGRADED)
    outcome = frame.run_in(stage, one)
    assert outcome["seen"]["fenced"] == 1 and outcome["seen"]["unowned_s"] > frame.TTL_S / 2


@contextlib.contextmanager
def _written(path, line):
    with open(path, "rb") as file:
        before = file.read()
    with open(path, "ab") as file:
        file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
    yield
    with open(path, "wb") as file:
        file.write(before)


def test_an_id_that_is_lost_is_missed(stage):
    stage.wait_calm(resume=False)
    stage.verify("--complete")
    with open(stage.history("adder"), encoding="utf-8") as file:
        at = json.loads(file.readlines()[-1])["at"]
    with _written(stage.history("adder"), {"event": "added", "at": at + 1, "ids": ["ghost"]}):
        with pytest.raises(AssertionError, match="'ghost' was added, and never held"):
            stage.verify("--complete")
    stage.adder.resume()


def test_a_replica_that_believes_something_else_is_seen(stage):
    stage.wait_calm(resume=False)
    stage.check_places()
    owner = next(r for r in stage.live() if r.held)
    name, token = next(iter(owner.held.items()))
    owner.held[name] = token - 1
    with pytest.raises(AssertionError):
        stage.check_places()
    owner.held[name] = token
    stage.adder.resume()


def test_work_is_reported_in_every_way(stage):
    lines = []
    for name in frame.NAMES:
        with open(stage.history(name), encoding="utf-8") as file:
            lines += [json.loads(line) for line in file]
    told = {(line["event"], line.get("answer")) for line in lines}
    assert {("acked", "unknown"), ("acked", "accepted"), ("failed", "unknown"), ("failed", "accepted"),
            ("released", None), ("held", None)} <= told
    reported = {item for line in lines if line["event"] in ("acked", "failed") for item in line["ids"]}
    assert reported and not any(item.startswith("keep-") for item in reported)


def test_two_who_really_hold_the_same_are_found(binary):
    if missing(binary):
        pytest.skip(missing(binary))
    one = next(one for one in frame.SCENARIOS if one.name == "split_brain")
    assert frame.run(binary, frame.REDIS, one)["seen"]["broken"]["holders"] > 0
    with pytest.raises(AssertionError, match="is held under token"):
        frame.run(binary, frame.REDIS, dataclasses.replace(one, violates=()))


def test_a_clock_of_its_own_takes_no_failpoints_away(binary):
    stage = frame.Stage(binary, frame.FILE, frame.Scenario(_nothing, "nothing", (frame.FILE,), frame.SAFE, failpoints=True))
    try:
        replica = stage.start_replica("b", clock=Clock(os.path.join(stage.home, "clock")))
        replica.wait(lambda r: r.slot, "to join")
        stage.failpoints["b"].strike(failpoints.WRITE, 1, errno.EINTR)
        stage.failpoints["b"].wait_struck()
    finally:
        stage.close()


def test_what_grows_is_told():
    taken = samples.Samples()
    for number in range(samples.MIN_SAMPLES):
        taken.put("descriptors", "grows", 20 + number)
        taken.put("descriptors", "flat", 20 + number % 2)
        taken.put("resident bytes", "grows", (10 << 20) + (number << 20))
        taken.put("resident bytes", "only at first", (10 << 20) + (min(number, 2) << 20))
    taken.put("descriptors", "too short", 5)
    assert {(what, whom): grew for what, whom, _, _, grew in taken.judged()} == {
        ("descriptors", "grows"): True, ("descriptors", "flat"): False,
        ("resident bytes", "grows"): True, ("resident bytes", "only at first"): False}


def test_the_table_says_what_was_seen():
    seen = {"fenced": 3, "others": 3, "away_s": 2.14, "unowned_s": 2.6}
    assert evidence.cell({"outcome": "degraded", "seen": seen}) == \
        "degraded: 3 of 3 fenced, store away 2.1 s, an id unowned 2.6 s at most"
    assert evidence.cell({"outcome": "safe", "seen": {**seen, "away_s": 0, "unowned_s": 0.04}}) == "safe"
    message = "error: /tmp/allot-chaos-x1/store/default/journal: damaged | here\nmore"
    assert evidence.cell({"outcome": "refused", "seen": seen, "message": message}) == \
        "refused: `PATH/default/journal: damaged / here`"
    assert evidence.cell(None) == ""
