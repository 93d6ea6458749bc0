"""Replicas know at once, by notification; and an idle replica asks the store once a beat, not more."""

import os
import time

import pytest

from replicas import note

TTL = "30s"  # a beat every 10 s: what is known within 200 ms is not known from a beat
NAMES = [f"name-{number}" for number in range(300)]


@pytest.mark.backends("file", "redis")
def test_followers_know_what_they_were_given(allot, group):
    replicas = group.start_many(3, "--ttl", TTL)
    group.wait(lambda: all(r.slot for r in replicas), "all to join")
    group.wait(lambda: any(r.leads for r in replicas), "a leader")
    allot.add(NAMES)
    added_ns = time.monotonic_ns()
    last_ns = group.wait_placed(NAMES)
    leader = group.leader()
    split_ns = leader.named("split")[-1]["mono_ns"]
    late = {r.name: (r.named("gained")[-1]["mono_ns"] - split_ns) / 1e6 for r in replicas}
    note(f"gained, relative to the leader's split, in ms: {late}; {(last_ns - added_ns) / 1e6:.1f} ms after the add")
    assert max(late.values()) < 200
    group.wait(lambda: len({r.named("split")[-1]["version"] if r.named("split") else 0 for r in replicas}) == 1,
               "all to tell the same split")
    told = [r.named("split")[-1]["mono_ns"] for r in replicas]
    assert (max(told) - min(told)) / 1e6 < 200


@pytest.mark.backends("file", "redis")
def test_followers_know_their_leader(backend, group):
    ttl = TTL if backend == "file" else "2s"  # there nothing proves a death before the lease's end
    replicas = group.start_many(3, "--ttl", ttl)
    group.wait(lambda: all(r.slot for r in replicas), "all to join")
    leader = group.leader()
    killed_ns = leader.kill()
    free_ns = killed_ns if backend == "file" else leader.lease_end_ns()
    new = group.leader()
    third = next(r for r in group.live() if r is not new)
    term = new.named("leader")[-1]["term"]
    told = third.wait(lambda r: next((e for e in r.events if e["event"] == "follower" and e["term"] == term), None),
                      "to learn of the new leader")
    assert told["leader"] == new.slot and told["term"] == new.named("leader")[-1]["term"]
    known_ms = (told["mono_ns"] - free_ns) / 1e6
    note(f"{backend}: the third knows the new leader {known_ms:.0f} ms after the old one's time was over")
    assert known_ms < 1000


def _records(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read().splitlines()


def test_an_idle_replica_beats_and_does_nothing_else(allot, group):
    """Every change of the store, beats included, is one record of the journal: so its growth counts the calls."""
    allot.add(NAMES)
    replicas = group.start_many(3, "--ttl", "1500ms")
    group.wait_placed(NAMES)
    group.wait(lambda: all(r.named("split") for r in replicas), "a split")
    journal = os.path.join(allot.path, "default", "journal")
    idle_since = len(_records(journal))
    # A beat that follows a hint may still be under way: count from the second beat of each on.
    start = _wait_records(journal, idle_since + 2 * len(replicas))
    began = time.monotonic()
    end = _wait_records(journal, start + 5 * len(replicas))
    seconds = time.monotonic() - began
    beats = [line for line in _records(journal)[start:end] if " beat " in line]
    assert len(beats) == end - start
    per_replica = len(beats) / len(replicas) / seconds
    note(f"{per_replica:.2f} calls a second for each idle replica; a beat every 500 ms are 2")
    assert 1.5 < per_replica < 2.5
    assert not any(r.named("gained")[1:] and r.named("lost") for r in replicas)


def _wait_records(journal, count):
    deadline = time.monotonic() + 20
    while True:
        found = len(_records(journal))
        if found >= count:
            return found
        assert time.monotonic() < deadline, f"{found} of {count} records"
        time.sleep(0.01)
