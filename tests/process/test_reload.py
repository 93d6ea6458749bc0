"""SIGHUP: what a replica takes over while it runs, what it does not, and what it says."""

import os
import signal
import subprocess
import time

import pytest

from replicas import LIMIT_S, clean_environment

START = """\
group: default
lease: {{ ttl: 10s }}
split: {{ settle: {settle}, strategy: {strategy}, options: {options}, movement: {movement} }}
handover: {{ release: {release}, timeout: {timeout}, on_timeout: {on_timeout} }}
log: {{ format: {format}, ids: {ids}, level: {level} }}
backend: {{ file: {{ path: {path} }} }}
"""


class Reloaded:
    """A replica with a file; what it writes goes to files."""

    def __init__(self, allot, home):
        self.allot = allot
        self.file = os.path.join(home, "allot.yaml")
        self.values = {"settle": "300ms", "strategy": "round_robin", "options": "{}", "movement": "minimal",
                       "release": "auto", "timeout": "30s", "on_timeout": "keep", "format": "pretty", "ids": "false",
                       "level": "info", "path": allot.path}
        self.write()
        self.out_path, self.err_path = os.path.join(home, "out"), os.path.join(home, "err")
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen([allot.binary, "run", "-c", self.file, "--name", "a"], stdout=out,
                                            stderr=err, stdin=subprocess.DEVNULL, env=clean_environment())
        self.wait(lambda: "split " in self.err())

    def write(self, text=None, **changed):
        self.values.update(changed)
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(text if text is not None else START.format(**self.values))

    def out(self):
        return open(self.out_path, encoding="utf-8").read()

    def err(self):
        return open(self.err_path, encoding="utf-8").read()

    def wait(self, reached):
        deadline = time.monotonic() + LIMIT_S
        while not reached():
            assert self.process.poll() is None and time.monotonic() < deadline, self.err()
            time.sleep(0.01)

    def reload(self):
        """SIGHUP; what it wrote to standard error until the reload was over."""
        before = len(self.err())
        self.process.send_signal(signal.SIGHUP)
        self.wait(lambda: "reload: " in self.err()[before:])
        time.sleep(0.1)
        return self.err()[before:]

    def end(self):
        self.process.terminate()
        return self.process.wait(LIMIT_S)


@pytest.fixture
def replica(allot, home):
    allot.add(["x"])
    replica = Reloaded(allot, home)
    yield replica
    replica.process.kill()
    replica.process.wait()


def test_the_log_is_taken_over(replica):
    replica.write(format="json", ids="true")
    said = replica.reload()
    assert "reload: applied: " in said and "log.format: json" in said and "log.ids: true" in said
    assert "restart" not in said
    assert replica.end() == 0
    assert '"event":"released"' in replica.out() and '"id":"x"' in replica.out() and '"event":"left"' in replica.out()
    assert "  left" not in replica.err()


def test_the_level_is_taken_over(replica):
    replica.write(level="error")
    replica.process.send_signal(signal.SIGHUP)
    replica.allot.add(["y"])
    time.sleep(0.5)
    before = replica.err()
    replica.allot.add(["z"])
    time.sleep(0.5)
    assert replica.err() == before
    replica.write(level="info")
    assert "log.level: info" in replica.reload()
    replica.allot.add(["w"])
    replica.wait(lambda: "gained" in replica.err()[len(before):])


def test_what_was_kept_is_given_back_when_release_becomes_auto(replica, group):
    replica.allot.add([str(number) for number in range(9)])
    replica.write(release="manual")
    assert "handover.release: manual" in replica.reload()
    other = group.start("other")
    group.wait(lambda: sum(slot["recalls"] for slot in replica.allot.json("slots")) == 5, "a recall")
    time.sleep(0.3)
    assert not other.held
    replica.write(release="auto")
    assert "handover.release: auto" in replica.reload()
    group.wait(lambda: len(other.held) == 5, "its half")


def test_what_needs_a_restart_is_named_until_it_is_taken_back(replica):
    text = START.format(**replica.values)
    replica.write(text.replace("ttl: 10s", "ttl: 20s"))
    said = replica.reload()
    assert "reload: nothing that could be applied has changed" in said
    assert "reload: needs a restart: lease.ttl: 20s" in said
    assert "lease.ttl" in replica.reload()
    replica.write(text)
    said = replica.reload()
    assert "restart" not in said and "nothing that could be applied has changed" in said


def test_a_wrong_file_changes_nothing(replica):
    replica.write(ids="true", text=None)
    wrong = START.format(**replica.values) + "groop: x\n"
    replica.write(wrong)
    said = replica.reload()
    assert f"{replica.file}:7:1: error: unknown key 'groop'" in said
    assert "reload: nothing was applied" in said
    assert replica.process.poll() is None and replica.allot.json("slots")[0]["state"] == "live"
    replica.write(START.format(**replica.values))
    assert "applied: log.ids: true" in replica.reload()


def test_another_strategy_is_taken_over(replica, group):
    replica.allot.add([str(number) for number in range(40)])
    other = group.start("other", "--strategy", "hash")
    group.wait(lambda: len(other.held) > 15, "its part")
    version = replica.allot.json("status")["version"]
    replica.write(strategy="hash")
    assert "applied: split.strategy: hash" in replica.reload()
    group.wait(lambda: replica.allot.json("status")["strategy"] == "hash", "a split by it")
    group.wait(lambda: sum(slot["recalls"] for slot in replica.allot.json("slots")) == 0, "what moves")
    assert replica.allot.json("status")["version"] > version
    before = sorted(other.held)
    replica.write(options="{ seed: 1 }")
    assert "applied: split.options.seed: 1" in replica.reload()
    group.wait(lambda: sorted(other.held) != before, "another split")


def test_the_movement_is_taken_over(replica, group):
    """With `minimal` who holds ids keeps some of them when a third joins, and is given none; with `exact` the pool is
    cut anew in the order of the slots, and the second is given what the first had."""
    replica.allot.add([str(number) for number in range(59)])
    second = group.start("b")
    group.wait(lambda: len(second.held) == 30, "its half")
    before = set(second.held)
    replica.write(movement="exact")
    assert "reload: applied: split.movement: exact" in replica.reload()
    third = group.start("c")
    group.wait(lambda: len(third.held) == len(second.held) == 20, "thirds")
    assert set(second.held) - before


def test_the_time_to_settle_is_taken_over(replica, group):
    replica.write(settle="1500ms")
    assert "reload: applied: split.settle: 1500ms" in replica.reload()
    replica.allot.add(["y"])
    other = group.start("other")
    joined, gained = other.wait_event("joined"), other.wait_event("gained")
    assert gained["mono_ns"] - joined["mono_ns"] > 1.2e9


def test_what_becomes_of_who_gives_nothing_back_is_taken_over(replica, group):
    replica.allot.add([str(number) for number in range(9)])
    other = group.start("other", "--handover-release", "manual", "--ttl", "2s")
    group.wait(lambda: len(other.held) == 5, "its half")
    slot = other.slot
    third = group.start("third")
    group.wait(lambda: any(s["slot"] == slot and s["recalls"] for s in replica.allot.json("slots")), "a recall")
    time.sleep(0.5)
    assert len(other.held) == 5 and not other.named("lost")
    replica.write(timeout="300ms", on_timeout="retire")
    said = replica.reload()
    assert "handover.timeout: 300ms" in said and "handover.on_timeout: retire" in said
    lost = other.wait_event("lost")
    assert lost["slot"] == slot and lost["count"] == 5
    group.wait(lambda: third.held, "what is its")


def test_a_wrong_option_of_the_strategy_changes_nothing(replica):
    replica.write(strategy="hash", options="{ seed: many }", ids="true")
    said = replica.reload()
    assert f"{replica.file}:3:" in said and "'seed'" in said and "a whole number from 0" in said
    assert "reload: nothing was applied" in said
    replica.write(strategy="nowhere", options="{}")
    assert "there is no strategy 'nowhere'" in replica.reload()
    assert replica.allot.json("status")["strategy"] == "round_robin"
    replica.write(strategy="hash")
    assert "split.strategy: hash" in replica.reload()


def test_a_file_that_is_gone_changes_nothing(replica):
    os.unlink(replica.file)
    assert "nothing was applied" in replica.reload()
    assert replica.process.poll() is None
    assert replica.end() == 0


def test_many_signals_at_once_are_survived(replica):
    for number in range(200):
        replica.write(level="debug" if number % 2 else "info")
        replica.process.send_signal(signal.SIGHUP)
    replica.write(ids="true")
    replica.process.send_signal(signal.SIGHUP)
    replica.wait(lambda: "log.ids: true" in replica.err())
    assert replica.end() == 0


def test_without_a_file_a_replica_reloads_to_the_same(allot, home):
    allot.add(["x"])
    with open(os.path.join(home, "err"), "w+b") as err:
        process = subprocess.Popen([allot.binary, "run", *allot.place, "--log-format", "pretty"], stderr=err,
                                   stdin=subprocess.DEVNULL, env=clean_environment())
        deadline = time.monotonic() + LIMIT_S
        path = os.path.join(home, "err")
        while b"gained" not in open(path, "rb").read():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGHUP)
        while b"reload: nothing that could be applied has changed" not in open(path, "rb").read():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        process.terminate()
        assert process.wait(LIMIT_S) == 0
