"""Histories of real replicas: killed, stopped past their lease, restarted, and what `allot verify` says of them."""

import json
import os
import resource
import signal
import time

import pytest

pytestmark = pytest.mark.backends("file", "redis")

TTL = "2s"
COUNT = 90


class Histories:
    """Replicas of which each writes a history, and somebody who adds."""

    def __init__(self, allot, group, home):
        self.allot = allot
        self.group = group
        self.home = home
        self.adder = os.path.join(home, "adder.jsonl")
        self.names = [f"name-{number}" for number in range(COUNT)]

    def path(self, name):
        return os.path.join(self.home, f"run-{name}.jsonl")

    def add(self):
        text = "".join(f"{name}\n" for name in self.names)
        assert self.allot("add", "--history", self.adder, "-", stdin=text.encode()).returncode == 0

    def start(self, name):
        return self.group.start(name, "--ttl", TTL, "--history", self.path(name.split(".")[0]))

    def three(self):
        self.add()
        replicas = [self.start(name) for name in ("a", "b", "c")]
        self.group.wait(lambda: all(r.slot for r in replicas), "all to join")
        self.group.wait_placed(self.names)
        return replicas

    def files(self):
        return [self.adder] + sorted(self.path(name) for name in ("a", "b", "c") if os.path.exists(self.path(name)))

    def verify(self, *flags, files=None):
        done = self.allot("verify", "-o", "json", *flags, *(files or self.files()), store=False)
        return done.returncode, json.loads(done.stdout)

    def prove(self, *flags):
        code, verdict = self.verify(*flags)
        assert code == 0 and verdict["verdict"] == "proved", verdict["shown"]
        return verdict

    def cleaned_at(self):
        with open(self.adder, encoding="utf-8") as file:
            return max(json.loads(line)["at"] for line in file if '"cleaned"' in line)

    def lines(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]


@pytest.fixture
def histories(allot, group, home):
    return Histories(allot, group, home)


def test_a_hand_over_and_an_orderly_end(histories):
    replicas = histories.three()
    verdict = histories.prove("--complete")
    assert verdict["histories"] == 4 and verdict["ids"] == COUNT and verdict["adds"] == COUNT
    assert verdict["grants"] >= COUNT and verdict["terms"] == 1 and verdict["slots"] == 3
    assert histories.group.leader().terminate() == 0
    histories.group.wait_placed(histories.names)
    histories.prove("--complete")
    for replica in replicas:
        if replica.running:
            assert replica.terminate() == 0
    verdict = histories.prove()
    assert verdict["terms"] >= 2
    # Everything is in the inbox: by what is told, nobody has it.
    assert histories.verify("--complete")[1]["violations"] == {"lost": COUNT}


def test_the_history_agrees_with_the_log(histories):
    replicas = histories.three()
    for replica in replicas:
        assert replica.terminate() == 0
    for replica in replicas:
        lines = histories.lines(replica.name)
        assert [line["event"] for line in lines[:2]] == ["opened", "joined"] and lines[-1]["event"] == "left"
        assert lines[1]["slot"] == replica.slot
        for word, logged in (("held", "gained"), ("released", "released")):
            told = {(i["id"], i["token"]) for event in replica.named(logged) for i in event["ids"]}
            assert {(i, line["token"]) for line in lines if line["event"] == word for i in line["ids"]} == told
        assert [line["term"] for line in lines if line["event"] == "leads"] == \
            [event["term"] for event in replica.named("leader")]


def test_killed_and_started_again(histories):
    histories.three()
    for turn in range(3):
        victim = histories.group.leader() if turn % 2 == 0 else histories.group.live()[-1]
        victim.kill()
        histories.group.wait_placed(histories.names)
        name = victim.name.split(".")[0]
        again = histories.start(f"{name}.{turn}")
        again.wait(lambda r: r.held, "its part")
        histories.group.wait_placed(histories.names)
        verdict = histories.prove("--complete")
        assert verdict["processes"] == 4 + turn + 1
    histories.group.check()


@pytest.mark.parametrize("leads", [False, True])
def test_stopped_past_the_lease(histories, leads):
    replicas = histories.three()
    leader = histories.group.leader()
    stopped = leader if leads else next(r for r in replicas if r is not leader)
    others = [r for r in replicas if r is not stopped]
    old = stopped.slot
    stopped.stop()
    histories.group.wait_placed(histories.names, others)
    histories.prove("--complete")
    stopped.signal(signal.SIGCONT)
    stopped.wait(lambda r: r.slot != old, "to join anew")
    histories.group.wait_placed(histories.names)
    verdict = histories.prove("--complete")
    assert verdict["slots"] == 4
    lines = histories.lines(stopped.name)
    until = max(line["until"] for line in lines if line.get("slot") == old and "until" in line)
    lost = [line for line in lines if line["event"] == "lost" and line["slot"] == old]
    assert lost and all(line["at"] >= until for line in lost)


@pytest.mark.parametrize("late", [False, True], ids=["soon", "late"])
def test_what_is_cleaned_while_its_owner_is_stopped_gets_a_new_one(histories, late):
    """The owner learns of it at its next beat, or not before its lease is over."""
    replicas = histories.three()
    victim = next(r for r in replicas if r is not histories.group.leader())
    victim.stop()
    assert histories.allot("clean", "--yes", "--history", histories.adder).returncode == 0
    half = COUNT // 2
    histories.names = histories.names[half:] + histories.names[:half]  # so that others get what it had
    histories.add()
    others = [r for r in replicas if r is not victim]
    if late:
        time.sleep(2.5)
    else:
        histories.group.wait(lambda: any(line["event"] == "held" and line["at"] > histories.cleaned_at()
                                         for r in others for line in histories.lines(r.name)), "a new grant")
    victim.signal(signal.SIGCONT)
    histories.group.wait_placed(histories.names)
    histories.prove("--complete")
    # Without the word of whoever emptied the pool it is what it looks like.
    with open(histories.adder, encoding="utf-8") as file:
        lines = [line for line in file if '"cleaned"' not in line]
    with open(histories.adder, "w", encoding="utf-8") as file:
        file.writelines(lines)
    code, verdict = histories.verify()
    assert code == 1 and verdict["violations"].keys() == {"holders"}, verdict


def test_a_replica_whose_history_cannot_be_written_gives_nothing_back(histories):
    """As if it had been killed: others get its ids when the store knows that it is over."""
    histories.add()
    other = histories.start("b")
    histories.group.wait_placed(histories.names)
    full = histories.start("a")
    histories.group.wait_placed(histories.names)
    size = os.path.getsize(histories.path("a"))
    resource.prlimit(full.process.pid, resource.RLIMIT_FSIZE, (size + 200, size + 200))
    assert full.process.wait(timeout=20) == 1
    assert "File too large: make room, or name another file" in full.errors()
    assert not [event for event in full.events if event["event"] in ("released", "left")]
    histories.group.wait_placed(histories.names, [other])
    histories.prove("--complete")


def test_histories_may_be_growing(histories):
    """They are read one after the other, while ids go from one to the next."""
    histories.three()
    for turn in range(6):
        replica = histories.group.live()[turn % 3]
        replica.signal(signal.SIGTERM)
        while replica.running:
            assert histories.prove()["growing"] >= 2
        again = histories.start(f"{replica.name.split('.')[0]}.{turn}")
        while not again.held:
            verdict = histories.prove()
        histories.group.wait_placed(histories.names)
    assert histories.prove("--complete")["growing"] == 3
    assert "so far: 3 of them are still being written" in histories.allot("verify", *histories.files(), store=False).stdout.decode()
    for replica in histories.group.live():
        assert replica.terminate() == 0
    verdict = histories.prove()
    assert verdict["growing"] == 0 and verdict["processes"] == 10


def test_a_quiet_replica_is_alive(histories):
    """A history that is not written any more, and still locked, is that of a living one; also where a death is proven at
    once."""
    histories.three()
    victim = next(r for r in histories.group.live() if r is not histories.group.leader())
    victim.stop()
    other = next(name for name in ("a", "b", "c") if name != victim.name)
    held = max((line for line in histories.lines(victim.name) if line["event"] == "held"), key=lambda line: line["at"])
    last = histories.lines(victim.name)[-1]["at"]
    forged = next(line for line in histories.lines(other) if line["event"] == "joined")
    forged = {"event": "held", "at": last + 1, "slot": forged["slot"], "token": held["token"] + 10**9, "ids": held["ids"][:1]}
    with open(histories.path("forged"), "w", encoding="utf-8") as file:
        for line in [line for line in histories.lines(other) if line["at"] <= last] + [forged]:
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
    files = [histories.path(victim.name), histories.path("forged")]
    code, verdict = histories.verify(files=files)
    assert code == 1 and verdict["violations"] == {"holders": 1} and verdict["growing"] == 1, verdict
    victim.kill()
    code, verdict = histories.verify(files=files)
    assert verdict["growing"] == 0 and code == (0 if histories.allot.server is None else 1), verdict


def test_leases_are_written_down_as_they_are_renewed(histories):
    histories.add()
    replica = histories.start("a")
    replica.wait(lambda r: len(r.held) == COUNT, "all ids")
    time.sleep(2)
    replica.kill()
    leases = [line for line in histories.lines("a") if line["event"] in ("joined", "renewed")]
    assert len(leases) >= 4  # 2 s are three times ttl/3
    for line in leases:
        # The deadline is counted from before the beat; its margin is 1 % and 5 % of the ttl.
        assert 0 < line["until"] - line.get("since", line["at"]) <= 1_880_000
        assert line.get("since", line["at"]) <= line["at"]
    untils = [line["until"] for line in leases]
    assert untils == sorted(untils)


def test_a_double_grant_would_be_found(histories):
    """What the proof is worth: real histories, of which one does not say any more that it gave its ids back, and has a
    lease that goes on."""
    replicas = histories.three()
    victim = next(r for r in replicas if r is not histories.group.leader())
    held = set(victim.held)
    assert victim.terminate() == 0
    histories.group.wait_placed(histories.names)
    histories.prove("--complete")
    lines = histories.lines(victim.name)
    end = lines[-1]["at"] + 5_000_000
    kept = [line for line in lines if line["event"] not in ("released", "left")]
    kept = [{**line, "until": end + 1} if "until" in line else line for line in kept]
    kept.append({"event": "renewed", "at": end, "slot": victim.slot, "until": end + 1})
    with open(histories.path(victim.name), "w", encoding="utf-8") as file:
        file.writelines(json.dumps(line, separators=(",", ":")) + "\n" for line in kept)
    code, verdict = histories.verify()
    assert code == 1 and set(verdict["violations"]) == {"holders"}
    assert verdict["violations"]["holders"] >= len(held)


def test_without_a_history_nothing_is_written(histories):
    histories.allot.add(["x"])
    replica = histories.group.start("plain")
    replica.wait(lambda r: r.held, "its id")
    assert replica.terminate() == 0
    assert not [name for name in os.listdir(histories.home) if name.endswith(".jsonl")]
