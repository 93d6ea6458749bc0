"""60,000 names over ten replicas, and what happens to them when replicas die."""

import shutil
import signal
import subprocess
import time

import pytest

from replicas import note

NAMES = 60000
REPLICAS = 10
# In files so long that nothing here can be owed to a lease that ran out: deaths are proven by the kernel. On Redis a
# death is the lease's end, from which on everything is counted.
TTL = {"file": "30s", "redis": "3s"}
DETECTED_WITHIN_MS = 2000


def _names():
    """Names of packages, of which Debian has enough; else made-up ones."""
    if shutil.which("apt-cache"):
        found = subprocess.run(["apt-cache", "pkgnames"], stdout=subprocess.PIPE, check=False).stdout.decode().split()
        if len(set(found)) >= 50000:
            return sorted(set(found))[:NAMES]
    return [f"package-{number}" for number in range(NAMES)]


def _assert_only_orphans_moved(before, after, orphans):
    """What was not orphaned has the same owner and the same token; what was has a larger token."""
    assert set(after) == set(before)
    for name, (owner, token) in after.items():
        if name in orphans:
            assert owner != before[name][0] and token > before[name][1]
        else:
            assert (owner, token) == before[name]


def _kill(group, names, replica):
    before = group.owners()
    orphans = set(replica.held)
    assert orphans
    killed_ns = replica.kill()
    free_ns = replica.lease_end_ns() if group.allot.server else killed_ns
    took_ms = (group.wait_placed(names) - free_ns) / 1e6
    _assert_only_orphans_moved(before, group.owners(), orphans)
    return len(orphans), free_ns, took_ms


@pytest.mark.backends("file", "redis")
def test_many_names(backend, allot, group):
    names = _names()
    start = time.monotonic()
    replicas = group.start_many(REPLICAS, "--ttl", TTL[backend])
    group.wait(lambda: all(r.slot for r in replicas), "all to join")
    added = allot.add(names)
    assert added == {"added": len(names), "present": 0, "refused": 0}
    note(f"{backend}: added {len(names)} names in {time.monotonic() - start:.2f} s with {REPLICAS} replicas running")
    added_ns = time.monotonic_ns()
    placed_ns = group.wait_placed(names)
    note(f"each has one owner {max(0, placed_ns - added_ns) / 1e6:.0f} ms after that")
    shares = [len(r.held) for r in replicas]
    assert max(shares) - min(shares) <= 1 and sum(shares) == len(names)
    assert {row["id"] for row in allot.json("ids")} == set(names)

    leader = group.leader()
    follower = next(r for r in replicas if r is not leader)
    count, _, took_ms = _kill(group, names, follower)
    note(f"{backend}: kill -9 of a follower: its {count} ids are owned again after {took_ms:.0f} ms")
    assert took_ms < DETECTED_WITHIN_MS

    count, free_ns, took_ms = _kill(group, names, leader)
    took_over = group.leader()
    led_ms = (took_over.named("leader")[-1]["mono_ns"] - free_ns) / 1e6
    note(f"{backend}: kill -9 of the leader: led again after {led_ms:.0f} ms; its {count} ids owned again after "
         f"{took_ms:.0f} ms")
    assert took_ms < DETECTED_WITHIN_MS and led_ms < DETECTED_WITHIN_MS

    for replica in group.live():
        replica.signal(signal.SIGTERM)
    for replica in group.replicas:
        replica.process.wait(30)
    assert [r.process.returncode for r in group.replicas].count(0) == REPLICAS - 2
    group.wait(lambda: not group.live(), "the end of all events")
    group.check()
    assert allot.json("status")["pool"] == {"total": len(names), "inbox": len(names), "placed": 0, "parked": 0}
