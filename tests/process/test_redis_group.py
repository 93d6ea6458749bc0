"""Replicas on a Redis server: what it shows, what they cost it, and how fast leadership goes on."""

import os
import re
import signal
import statistics
import time

import pytest

from replicas import note

pytestmark = pytest.mark.backends("redis")

NAMES = [f"name-{number}" for number in range(30)]
# How late a process may be scheduled on a busy machine, beyond what is promised.
SLACK_MS = 150
PROMISED_MS = 50
WAITING, WAITING_TTL_S, TRY_MOST, FEW = 100, 6, 16, 10


def _join(group, count, *flags):
    replicas = group.start_many(count, *flags)
    group.wait(lambda: all(r.slot for r in replicas), "all to join")
    group.leader()
    return replicas


# ---- What the server shows -----------------------------------------------------------------------------------------


def _types(server, prefix):
    """key, without its prefix -> its type; of all keys that there are."""
    keys = server.ask_all("KEYS *")
    assert all(key.startswith(prefix) for key in keys), keys
    assert all(server.ask(f"TTL {key}") == "-1" for key in keys), "a key with a TTL could be evicted"
    return {key[len(prefix):]: server.ask(f"TYPE {key}") for key in keys}


@pytest.mark.parametrize("bare", [False, True])
def test_the_keys_of_a_group(allot, group, bare):
    prefix = "" if bare else "allot:{default}:"
    if bare:
        allot.place = (*allot.place, "--backend-option", "key_prefix=")
    allot.add(NAMES)
    pool = {"state": "hash", "db": "hash", "seg": "hash", "live": "hash", "inbox": "zset"}
    before = _types(allot.server, prefix)
    assert before.items() >= pool.items()
    replicas = _join(group, 3)
    group.wait_placed(NAMES)
    after = _types(allot.server, prefix)
    expected = {"state": "hash", "db": "hash", "seg": "hash", "slots": "zset", "ages": "zset", "LOCK": "hash"}
    for replica in replicas:
        expected[f"slot:{replica.slot}"] = expected[f"slot:{replica.slot}:ids"] = "hash"
    assert after.items() >= expected.items() and "inbox" not in after
    more = {"segments", "live", "done", "ttls", "sessions", "outcomes", "slot", "session"}
    assert not {key.split(":")[0] for key in after} - set(expected) - more

    assert set(allot.server.ask_all(f"HKEYS {prefix}db")) == set(NAMES)
    leader = group.leader()
    lock = allot.server.ask_all(f"HMGET {prefix}LOCK holder term")
    assert lock == [leader.slot, str(leader.named("leader")[-1]["term"])]
    ages = allot.server.ask_all(f"ZRANGE {prefix}ages 0 -1")
    assert set(ages) == set(allot.server.ask_all(f"ZRANGE {prefix}slots 0 -1")) == {r.slot for r in replicas}
    for replica in replicas:
        assert allot.server.ask(f"HGET {prefix}slot:{replica.slot} name") == replica.name


# ---- What it costs ---------------------------------------------------------------------------------------------------


def test_an_idle_replica_costs_one_command_a_beat(allot, group):
    """The leader too."""
    allot.add(NAMES)
    replicas = _join(group, 3, "--ttl", "1500ms")
    group.wait_placed(NAMES)
    group.wait(lambda: all(r.named("split") for r in replicas), "a split")
    time.sleep(1)  # the beats after the last hints
    told = [len(r.events) for r in replicas]
    allot.server.log_scripts()
    before, began = allot.server.calls(), time.monotonic()
    time.sleep(4)
    after, seconds = allot.server.calls(), time.monotonic() - began
    scripts = {name: len(runs) for name, runs in allot.server.scripts().items() if runs}
    said = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    beats = seconds / 0.5 * len(replicas)
    note(f"three idle replicas, a beat every 500 ms, {seconds:.1f} s: {scripts}")
    assert set(scripts) == {"beat"} and abs(scripts["beat"] - beats) <= 0.25 * beats
    assert abs(said["evalsha"] - beats) <= 0.25 * beats
    # Of what replicas say, nothing else; the rest is said by the script, or by this test.
    assert not set(said) & {"script|load", "script|exists", "script", "subscribe", "ping", "select", "hello", "eval"}
    assert [len(r.events) for r in replicas] == told


def test_a_hand_over_among_many_is_no_herd(allot, group):
    """100 wait for leadership, and few of them try; also when nobody tells them that it is free.

    Each waits 2 ms longer than the one before, and for the news of a new leader no longer. Here all of them share two
    processors or so, and the news take some ten milliseconds to reach the last."""
    _join(group, WAITING + 1, "--ttl", f"{WAITING_TTL_S}s")
    _wait_calm(group, 2.5)
    for how in ("resigned", "killed"):
        leader = group.leader()
        _wait_between_beats(group, leader, 0.4)
        allot.server.log_scripts()
        began = time.monotonic()
        if how == "killed":
            leader.kill()
            free_ns = leader.lease_end_ns()
        else:
            leader.signal(signal.SIGTERM)
            free_ns = leader.wait(lambda r: not r.leads, "to resign") and _resigned_ns(leader)
        new = group.leader()
        led_ns = new.named("leader")[-1]["mono_ns"]
        others = [r for r in group.live() if r not in (leader, new)]
        term = new.named("leader")[-1]["term"]
        group.wait(lambda: all(r.named("follower") and r.named("follower")[-1]["term"] == term for r in others),
                   "all to know the new leader")
        known_ms = (max(r.named("follower")[-1]["mono_ns"] for r in others) - led_ns) / 1e6
        time.sleep(0.5)
        scripts, seconds = allot.server.scripts(), time.monotonic() - began
        runs = {name: len(us) for name, us in scripts.items() if us}
        longest_us = max(max(us) for us in scripts.values() if us)
        note(f"{how}, {len(others) + 1} waited: led again after {(led_ns - free_ns) / 1e6:.2f} ms, known to all "
             f"{known_ms:.0f} ms later; scripts: {runs}, the longest {longest_us} us")
        assert (led_ns - free_ns) / 1e6 < PROMISED_MS + SLACK_MS
        assert 1 <= runs["campaign"] <= TRY_MOST
        # Each asks who the new leader is, and what the split has brought; that leadership is free costs nobody a beat.
        # Then there are the beats that were due: none before the news of a leader that resigned, and after them the
        # next ones are a third of the ttl away.
        due = 0 if how == "resigned" and seconds < WAITING_TTL_S / 3 else seconds // (WAITING_TTL_S / 3) + 1
        assert runs["beat"] <= (2 + due) * WAITING + FEW
        _wait_calm(group, 2.5)


def _wait_between_beats(group, leader, seconds):
    """Until nobody but the leader has to beat for so long. What was told to all has set them all to the same time."""
    limit = time.monotonic() + 60
    while True:
        words = group.allot.server.ask_all("ZRANGE allot:{default}:slots 0 -1 WITHSCORES")
        beats_s = [float(ms) / 1000 - WAITING_TTL_S * 2 / 3 for slot, ms in zip(words[::2], words[1::2])
                   if slot != leader.slot]
        if min(beats_s) - time.time() >= seconds:
            return
        assert time.monotonic() < limit, "somebody beats all the time"
        time.sleep(0.02)


def _wait_calm(group, seconds):
    """Until nobody has told anything for so long."""
    def told():
        with group.changed:
            return sum(len(r.events) for r in group.replicas)
    limit, last, since = time.monotonic() + 60, told(), time.monotonic()
    while time.monotonic() - since < seconds:
        assert time.monotonic() < limit, "it does not become calm"
        time.sleep(0.1)
        if told() != last:
            last, since = told(), time.monotonic()


# ---- How fast leadership goes on -------------------------------------------------------------------------------------


def _resigned_ns(replica):
    """When it gave leadership up, before it said so to the server."""
    return [e for e in replica.events if e["event"] == "follower" and e["leader"] is None][-1]["mono_ns"]


def _ping_ms(server):
    begin = time.monotonic_ns()
    assert server.ask("PING") == "PONG"
    return (time.monotonic_ns() - begin) / 1e6


def _is_sanitized():
    with open(os.path.join(os.environ["ALLOT_BUILD"], "CMakeCache.txt"), encoding="utf-8") as file:
        return re.search(r"^ALLOT_SANITIZE:\w+=.", file.read(), re.M) is not None


def test_a_clean_hand_over_is_fast(allot, group):
    """Under 2 ms at the median, without sanitizers and where a mere question to the server is answered in time."""
    took_ms, pings_ms = [], []
    _join(group, 4, "--ttl", "10s")
    for number in range(24):
        # The time for the beats that follow the news, so that one hand-over is not measured within another.
        time.sleep(0.12)
        pings_ms.append(_ping_ms(allot.server))
        leader = group.leader()
        assert leader.terminate() == 0
        new = group.leader()
        took_ms.append((new.named("leader")[-1]["mono_ns"] - _resigned_ns(leader)) / 1e6)
        more = group.start(f"more-{number}", "--ttl", "10s")
        more.wait_event("joined")
    took_ms.sort()
    median, p90 = statistics.median(took_ms), took_ms[len(took_ms) * 9 // 10]
    fair = not _is_sanitized() and sorted(pings_ms)[len(pings_ms) * 9 // 10] < 0.5
    note(f"{len(took_ms)} clean hand-overs: median {median:.2f} ms, 90 % within {p90:.2f} ms, longest "
         f"{took_ms[-1]:.2f} ms; a question to the server: median {statistics.median(pings_ms):.2f} ms"
         f"{'' if fair else ' (no fair measurement)'}")
    assert median < (2 if fair else 20)
    group.check()


def test_a_crash_is_noticed_at_the_leases_end(allot, group):
    """Not before, and at most 50 ms later."""
    allot.add(NAMES)
    _join(group, 3, "--ttl", "1s")
    late_ms, owned_ms = [], []
    for number in range(4):
        group.wait_placed(NAMES)
        leader = group.leader()
        orphans = set(leader.held)
        leader.kill()
        end_ns = leader.lease_end_ns()
        new = group.leader()
        late_ms.append((new.named("leader")[-1]["mono_ns"] - end_ns) / 1e6)
        group.wait_placed(NAMES)
        gained = [e["mono_ns"] for r in group.live() for e in r.named("gained")
                  if orphans.intersection(i["id"] for i in e["ids"])]
        owned_ms.append((max(gained) - end_ns) / 1e6)
        group.start(f"more-{number}", "--ttl", "1s").wait_event("joined")
    note(f"leader killed: led again {[round(ms, 1) for ms in late_ms]} ms after the lease's end; its ids owned again "
         f"{[round(ms, 1) for ms in owned_ms]} ms after it")
    assert min(late_ms) > -1  # clocks are compared here: to the millisecond
    assert max(late_ms) < PROMISED_MS + SLACK_MS and statistics.median(late_ms) < PROMISED_MS
    assert max(owned_ms) < PROMISED_MS + 2 * SLACK_MS
    group.check()
