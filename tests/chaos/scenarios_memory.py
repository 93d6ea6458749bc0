"""Memory of a Redis server that is full, and keys that are evicted."""

import time

from frame import DEGRADED, REDIS, SAFE, TTL_S, UNCOVERED, scenario
from steps import PREFIX, ok

ALL_KEYS = ("state", "db", "seg", "live", "done", "segments", "inbox", "slots", "ages", "ttls", "LOCK", "parked",
            "parking", "fails", "sessions", "outcomes")


@scenario("memory is full (maxmemory, noeviction): nothing can be added, beats go on", REDIS, expect=SAFE)
def memory_full(stage):
    ok(stage.server, "CONFIG SET maxmemory 1")
    done = stage.adder.add(["job-too-many"])
    assert done.returncode in (1, 5) and b"OOM" in done.stderr, done.stderr
    time.sleep(1.5 * TTL_S)  # a lease goes by, which the beats renew
    ok(stage.server, "CONFIG SET maxmemory 0")
    stage.wait_work()


def _filled(stage, policy):
    """Others fill the memory: the server evicts whatever its policy lets it."""
    used = stage.server.info("used_memory")
    ok(stage.server, f"CONFIG SET maxmemory-policy {policy}", f"CONFIG SET maxmemory {used + (1 << 20)}")
    with stage.server.connection() as own:
        for number in range(400):
            own(f"SETEX filler:{number} 1000 {'x' * 8000}")
    evicted = stage.server.info("evicted_keys")
    assert evicted > 50, evicted


def _room_again(stage):
    ok(stage.server, "CONFIG SET maxmemory 0", "CONFIG SET maxmemory-policy noeviction")
    with stage.server.connection() as own:
        for number in range(400):
            own(f"DEL filler:{number}")


def _volatile(policy):
    def inject(stage):
        _filled(stage, policy)
        stage.wait_work(20)
        _room_again(stage)
    inject.__name__ = f"memory_full_{policy.replace('-', '_')}"
    scenario(f"memory is full, {policy}: only what others gave a TTL is evicted", REDIS, expect=SAFE,
             quick=policy == "volatile-lru")(inject)


def _allkeys(policy):
    """Docs/redis.md says not to. Who connects is told."""
    def inject(stage):
        since = stage.mark()
        _filled(stage, policy)
        with stage.server.connection() as own:  # what was spared so far: the counters are seldom the oldest key
            own(f"DEL {' '.join(PREFIX + key for key in ALL_KEYS)}")
        stage.wait_all("joined", since)
        late = stage.replica("c")
        stage.struck.add("c")
        late.terminate()
        late = stage.restart(late)
        late.wait(lambda r: any("maxmemory" in str(e.get("message")) for e in r.named("note")), "to warn")
        _room_again(stage)
        stage.clean()  # some keys of the new life may be gone as well
        stage.refill()
    inject.__name__ = f"memory_full_{policy.replace('-', '_')}"
    scenario(f"memory is full, {policy}: the group's keys are evicted (against docs/redis.md; a note warns), until an "
             "operator makes room, and cleans", REDIS, expect=UNCOVERED, loses=True, again=False,
             violates=("leaders", "holders"))(inject)


for _policy in ("volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"):
    _volatile(_policy)
for _policy in ("allkeys-lru", "allkeys-lfu", "allkeys-random"):
    _allkeys(_policy)


def _evicted(key, what, expect, loses=True, **more):
    def inject(stage):
        since = stage.mark()
        assert stage.server.ask(f"DEL {PREFIX}{key}") == "1"
        if expect == DEGRADED:
            stage.wait_all("joined", since)
        stage.refill()
        stage.wait_work(4)
    inject.__name__ = f"key_evicted_{key.lower()}"
    scenario(f"the key `{key}` alone is evicted, or deleted: {what}", REDIS, expect=expect, loses=loses, again=False,
             **more)(inject)


_evicted("state", "what is left has no counters, and goes as well", DEGRADED)
_evicted("LOCK", "another may lead at once, and two believe to until the first one's next beat", UNCOVERED, loses=False,
         violates=("leaders",))
_evicted("slots", "every slot is over", DEGRADED)
