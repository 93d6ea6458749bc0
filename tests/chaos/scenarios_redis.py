"""What a Redis server does, and what is done to it."""

import os
import re
import shutil
import time

from frame import DEGRADED, REDIS, SAFE, TTL_S, UNCOVERED, scenario
from redis_server import RedisServer

AOF = ("--appendonly", "yes", "--appendfsync", "everysec")
AOF_ALWAYS = ("--appendonly", "yes", "--appendfsync", "always")
PREFIX = "allot:{default}:"
ALL_KEYS = ("state", "db", "seg", "live", "done", "segments", "inbox", "slots", "ages", "ttls", "LOCK", "parked", "parking",
            "fails", "sessions", "outcomes")


def _ok(server, *lines):
    for line in lines:
        assert server.ask(line) in ("OK", "Background saving started"), line


def _until_fenced(stage, begin, end):
    """The fault lasts until every lease is over."""
    since = stage.mark()
    begin()
    stage.wait_all("fenced", since)
    again = stage.mark()
    end()
    stage.wait_all("joined", again)


def _killed_and_started(stage, between=lambda: None):
    since = stage.mark()
    stage.server.kill()
    between()
    stage.server.start()
    return since


# ---- It dies --------------------------------------------------------------------------------------------------------


@scenario("SIGKILL of the server; it comes back at once with an AOF of all it had (always)", REDIS, expect=SAFE,
          server=AOF_ALWAYS, ttl_s=4.0, quick=True)
def server_killed_aof_always(stage):
    _killed_and_started(stage)
    stage.wait_work()


@scenario("SIGKILL of the server; it comes back at once with its AOF (everysec)", REDIS, expect=SAFE, server=AOF,
          ttl_s=4.0)
def server_killed_aof(stage):
    _killed_and_started(stage)
    stage.wait_work()


@scenario("SIGKILL of the server, away beyond all leases; it comes back with its AOF", REDIS, expect=DEGRADED,
          server=AOF_ALWAYS)
def server_killed_for_long(stage):
    _until_fenced(stage, stage.server.kill, stage.server.start)


@scenario("SIGKILL of the server without persistence: everything is gone", REDIS, expect=DEGRADED, loses=True,
          quick=True)
def server_killed_without_persistence(stage):
    since = _killed_and_started(stage)
    stage.wait_all("joined", since)
    stage.refill()


@scenario("SIGKILL of the server; it comes back with an old snapshot (RDB)", REDIS, expect=DEGRADED, loses=True)
def server_killed_rdb(stage):
    _ok(stage.server, "SAVE")
    stage.wait_work(20)
    victim = stage.follower()
    stage.kill(victim)  # so that others have newer tokens than the snapshot knows
    stage.wait_moved_from(victim)
    since = _killed_and_started(stage)
    stage.restart(victim)
    stage.wait_all("joined", since)
    stage.refill()
    os.remove(os.path.join(stage.server.home, "dump.rdb"))


@scenario("the machine loses power: the last 3 KB of the AOF are gone", REDIS, expect=DEGRADED, loses=True, server=AOF)
def server_loses_the_end_of_its_aof(stage):
    def cut():
        folder = os.path.join(stage.server.home, "appendonlydir")
        path = os.path.join(folder, next(n for n in sorted(os.listdir(folder), reverse=True) if ".incr." in n))
        os.truncate(path, max(0, os.path.getsize(path) - 3000))
    since = _killed_and_started(stage, cut)
    stage.wait_all("joined", since)
    stage.wait_work()
    stage.refill()


@scenario("FLUSHALL", REDIS, expect=DEGRADED, loses=True, quick=True)
def flushall(stage):
    since = stage.mark()
    _ok(stage.server, "FLUSHALL")
    stage.wait_all("joined", since)
    stage.refill()


@scenario("FLUSHALL with lease.quarantine always", REDIS, expect=DEGRADED, loses=True,
          flags=("--quarantine", "always"))
def flushall_quarantined(stage):
    flushall(stage)


@scenario("the keys of the group go away (SWAPDB), and come back when a new life has begun", REDIS, expect=DEGRADED,
          loses=True, again=False)
def swapdb(stage):
    for _ in range(2):
        since = stage.mark()
        _ok(stage.server, "SWAPDB 0 1")
        stage.wait_all("joined", since)
        stage.refill()
        stage.leader()


# ---- It is stopped --------------------------------------------------------------------------------------------------


@scenario("SIGSTOP of the server beyond all leases; what it was sent meanwhile it carries out when it goes on", REDIS,
          expect=DEGRADED, quick=True)
def server_stopped(stage):
    _until_fenced(stage, stage.server.stop, stage.server.cont)


@scenario("SIGSTOP of the server for a fraction of the lease, ten times", REDIS, expect=SAFE, ttl_s=4.0)
def server_stopped_shortly(stage):
    for _ in range(10):
        stage.server.stop()
        time.sleep(0.2)
        stage.server.cont()
        stage.wait_work(1)


@scenario("SIGSTOP of the server and SIGKILL of the leader, whose last requests it carries out later", REDIS,
          expect=DEGRADED)
def server_stopped_leader_killed(stage):
    victim = stage.leader()
    since = stage.mark()
    stage.server.stop()
    time.sleep(TTL_S / 3)
    stage.kill(victim)
    stage.wait_all("fenced", since)
    stage.server.cont()
    stage.restart(victim)


@scenario("a script of somebody else blocks the server beyond all leases (BUSY); SCRIPT KILL", REDIS, expect=DEGRADED)
def server_busy(stage):
    _ok(stage.server, "CONFIG SET busy-reply-threshold 50")
    since = stage.mark()
    stage.server.send('EVAL "while true do end" 0')
    stage.wait_all("fenced", since)
    again = stage.mark()
    _ok(stage.server, "SCRIPT KILL")
    while stage.server.ask("PING") != "PONG":  # it ends at its next step
        time.sleep(0.01)
    _ok(stage.server, "CONFIG SET busy-reply-threshold 5000")
    stage.wait_all("joined", again)


@scenario("the server blocks for 300 ms, eight times (DEBUG SLEEP)", REDIS, expect=SAFE, ttl_s=4.0,
          server=("--enable-debug-command", "local"))
def server_sleeps(stage):
    for _ in range(8):
        _ok(stage.server, "DEBUG SLEEP 0.3")
        stage.wait_work(1)


@scenario("CLIENT PAUSE of all commands, for one and a half leases", REDIS, expect=DEGRADED, ttl_s=2.0)
def clients_paused(stage):
    _until_fenced(stage, lambda: _ok(stage.server, "CLIENT PAUSE 10000 ALL"),
                  lambda: _ok(stage.server, "CLIENT UNPAUSE"))


@scenario("CLIENT PAUSE of writing commands, until all leases are over", REDIS, expect=DEGRADED, quick=True)
def writes_paused(stage):
    _until_fenced(stage, lambda: _ok(stage.server, "CLIENT PAUSE 10000 WRITE"),
                  lambda: _ok(stage.server, "CLIENT UNPAUSE"))


@scenario("CLIENT PAUSE for 300 ms, eight times", REDIS, expect=SAFE, ttl_s=4.0)
def clients_paused_shortly(stage):
    for _ in range(8):
        _ok(stage.server, "CLIENT PAUSE 300 ALL")
        stage.wait_work(1)


# ---- Connections ----------------------------------------------------------------------------------------------------


@scenario("CLIENT KILL of all connections, twenty times", REDIS, expect=SAFE, ttl_s=4.0, quick=True)
def clients_killed(stage):
    for _ in range(20):
        stage.wait_up()
        assert int(stage.server.ask("CLIENT KILL TYPE normal")) >= 0
        stage.wait_work(1)


@scenario("CLIENT KILL of all subscribers, ten times: hints are lost", REDIS, expect=SAFE)
def subscribers_killed(stage):
    for _ in range(10):
        assert int(stage.server.ask("CLIENT KILL TYPE pubsub")) >= 0
        stage.wait_work(1)


@scenario("subscribers are cut off at their first message (client-output-buffer-limit)", REDIS, expect=SAFE)
def subscribers_cut_off(stage):
    before = stage.server.ask_all("CONFIG GET client-output-buffer-limit")[1]
    _ok(stage.server, 'CONFIG SET client-output-buffer-limit "pubsub 1 1 1"')
    stage.wait_work(20)
    _ok(stage.server, f'CONFIG SET client-output-buffer-limit "{before}"')


@scenario("no further connection is accepted (maxclients), and those that were there are cut off", REDIS,
          expect=DEGRADED)
def clients_too_many(stage):
    since = stage.mark()
    before = stage.server.ask_all("CONFIG GET maxclients")[1]
    with stage.server.connection() as own:
        own("CONFIG SET maxclients 1")
        own("CLIENT KILL TYPE normal SKIPME yes")
        own("CLIENT KILL TYPE pubsub")
        stage.wait_all("fenced", since)
        again = stage.mark()
        own(f"CONFIG SET maxclients {before}")
    stage.wait_all("joined", again)


@scenario("the password is changed (WRONGPASS, NOAUTH), and changed back", REDIS, expect=DEGRADED)
def password_changed(stage):
    since = stage.mark()
    with stage.server.connection() as own:
        own("CONFIG SET requirepass secret")
        own("CLIENT KILL TYPE normal SKIPME yes")
        own("CLIENT KILL TYPE pubsub")
        stage.wait_all("fenced", since)
        again = stage.mark()
        own('CONFIG SET requirepass ""')
    stage.wait_all("joined", again)


@scenario("the user may not run scripts any more (NOPERM), and may again", REDIS, expect=DEGRADED)
def rights_taken(stage):
    with stage.server.connection() as own:
        own("ACL SETUSER admin on nopass allcommands allkeys allchannels")
        own("AUTH admin x")
        _until_fenced(stage, lambda: own("ACL SETUSER default -evalsha"), lambda: own("ACL SETUSER default +@all"))
        own("ACL DELUSER admin")


@scenario("the user may run scripts, and these may not write (NOPERM within a script)", REDIS, expect=DEGRADED)
def rights_within_scripts_taken(stage):
    with stage.server.connection() as own:
        own("ACL SETUSER admin on nopass allcommands allkeys allchannels")
        own("AUTH admin x")
        _until_fenced(stage, lambda: own("ACL SETUSER default -@write"), lambda: own("ACL SETUSER default +@all"))
        own("ACL DELUSER admin")


# ---- Scripts --------------------------------------------------------------------------------------------------------


@scenario("SCRIPT FLUSH (NOSCRIPT), thirty times", REDIS, expect=SAFE, quick=True)
def scripts_flushed(stage):
    for _ in range(30):
        _ok(stage.server, "SCRIPT FLUSH")
        stage.wait_work(1)


# ---- Memory ---------------------------------------------------------------------------------------------------------


@scenario("memory is full (maxmemory, noeviction): nothing can be added, beats go on", REDIS, expect=SAFE, quick=True)
def memory_full(stage):
    _ok(stage.server, "CONFIG SET maxmemory 1")
    done = stage.adder.add(["job-too-many"])
    assert done.returncode in (1, 5) and b"OOM" in done.stderr, done.stderr
    time.sleep(1.5 * TTL_S)  # a lease goes by, which the beats renew
    _ok(stage.server, "CONFIG SET maxmemory 0")
    stage.wait_work()


def _filled(stage, policy):
    """Others fill the memory: the server evicts whatever its policy lets it."""
    used = int(re.search(r"used_memory:(\d+)", stage.server.ask("INFO memory")).group(1))
    _ok(stage.server, f"CONFIG SET maxmemory-policy {policy}", f"CONFIG SET maxmemory {used + (1 << 20)}")
    with stage.server.connection() as own:
        for number in range(400):
            own(f"SETEX filler:{number} 1000 {'x' * 8000}")
    evicted = int(re.search(r"evicted_keys:(\d+)", stage.server.ask("INFO stats")).group(1))
    assert evicted > 50, evicted


def _room_again(stage):
    _ok(stage.server, "CONFIG SET maxmemory 0", "CONFIG SET maxmemory-policy noeviction")
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
        stage.refill()
    inject.__name__ = f"memory_full_{policy.replace('-', '_')}"
    scenario(f"memory is full, {policy}: the group's keys are evicted (against docs/redis.md; a note warns)", REDIS,
             expect=DEGRADED, loses=True, again=False)(inject)


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


# ---- Roles ----------------------------------------------------------------------------------------------------------


@scenario("the server becomes a replica (READONLY), until all leases are over; then a master again", REDIS,
          expect=DEGRADED, quick=True)
def server_read_only(stage):
    _until_fenced(stage, lambda: _ok(stage.server, "REPLICAOF 127.0.0.1 1"),
                  lambda: _ok(stage.server, "REPLICAOF NO ONE"))


@scenario("the server is a replica without its master (MASTERDOWN, replica-serve-stale-data no)", REDIS,
          expect=DEGRADED)
def server_without_master(stage):
    _ok(stage.server, "CONFIG SET replica-serve-stale-data no")
    _until_fenced(stage, lambda: _ok(stage.server, "REPLICAOF 127.0.0.1 1"),
                  lambda: _ok(stage.server, "REPLICAOF NO ONE"))
    _ok(stage.server, "CONFIG SET replica-serve-stale-data yes")


@scenario("too few replicas of the server are there (NOREPLICAS, min-replicas-to-write)", REDIS, expect=DEGRADED)
def server_without_replicas(stage):
    _until_fenced(stage, lambda: _ok(stage.server, "CONFIG SET min-replicas-to-write 1"),
                  lambda: _ok(stage.server, "CONFIG SET min-replicas-to-write 0"))


@scenario("snapshots fail, and the server refuses to write (MISCONF)", REDIS, expect=DEGRADED)
def server_cannot_save(stage):
    path = os.path.join(stage.server.home, "dump.rdb")
    if os.path.exists(path):
        os.remove(path)
    os.mkdir(path)  # the snapshot cannot be renamed over it

    def fail_to_save():
        _ok(stage.server, "CONFIG SET save \"3600 1\"")
        assert stage.server.ask("BGSAVE").startswith("Background")
        limit = time.monotonic() + 20
        while "rdb_last_bgsave_status:err" not in stage.server.ask("INFO persistence"):
            assert time.monotonic() < limit
            time.sleep(0.02)

    def save_again():
        os.rmdir(path)
        _ok(stage.server, "CONFIG SET save \"\"", "SAVE")
    _until_fenced(stage, fail_to_save, save_again)


@scenario("the server loads its data for long (LOADING)", REDIS, expect=DEGRADED,
          server=("--enable-debug-command", "local"))
def server_loading(stage):
    since = stage.mark()
    with stage.server.connection() as own:
        for number in range(3000):
            own(f"SET filler:{number} x")
    _ok(stage.server, "SAVE")
    stage.server.kill()
    stage.server.start(False, "--key-load-delay", "1000")  # 3 s
    stage.wait_all("fenced", since)
    stage.server.wait_loaded()
    stage.wait_all("store_up", since)
    os.remove(os.path.join(stage.server.home, "dump.rdb"))


def _copy_of(stage):
    """Another server, which has replicated this one."""
    home = os.path.join(stage.home, "replica")
    os.makedirs(home, exist_ok=True)
    _ok(stage.server, "CONFIG SET repl-diskless-sync-delay 0")
    port = stage.server.listen_on_tcp()
    replica = RedisServer(home, "--replicaof", f"127.0.0.1 {port}")
    replica.wait_synced()
    return replica


def _promoted(stage, stale):
    """A copy takes its place."""
    replica = _copy_of(stage)
    try:
        if stale:
            _ok(replica, "REPLICAOF NO ONE")  # it is cut off
            stage.wait_work(20)
            victim = stage.follower()
            stage.kill(victim)
            stage.wait_moved_from(victim)
            stage.restart(victim)
        since = stage.mark()
        stage.server.kill()
        _ok(replica, "REPLICAOF NO ONE", "SAVE")
    finally:
        replica.kill()
    shutil.copy(os.path.join(replica.home, "dump.rdb"), stage.server.home)
    stage.server.start()
    return since


@scenario("failover: the server dies, and a replica with all its data takes its place", REDIS, expect=SAFE,
          loses=True, again=False, ttl_s=4.0)
def failover(stage):
    _promoted(stage, stale=False)
    stage.wait_work()


@scenario("failover to a stale replica: it lacks the last grants, acks and adds", REDIS, expect=DEGRADED, loses=True,
          again=False)
def failover_to_a_stale_replica(stage):
    since = _promoted(stage, stale=True)
    stage.wait_all("joined", since)
    stage.refill()
    stage.wait_work()


@scenario("split brain: a copy of the server is promoted while the old one goes on, and one replica follows the copy: two "
          "hold the same", REDIS, expect=UNCOVERED, loses=True, again=False,
          violates=("holders", "tokens", "leaders", "terms", "acks", "stale"))
def split_brain(stage):
    copy = _copy_of(stage)
    try:
        _ok(copy, "REPLICAOF NO ONE")
        victim = stage.follower()
        stage.struck.add(victim.name)
        assert victim.terminate() == 0
        astray = stage.start_replica(victim.name, place=("--backend", "redis", "--url", copy.url))
        astray.wait(lambda r: sum(name.startswith("keep-") for name in r.held) == 45, "everything, on the copy")
        assert astray.terminate() == 0
    finally:
        copy.kill()
    stage.restart(victim)


# ---- Others' data, others' clocks -----------------------------------------------------------------------------------


@scenario("another program's key of another type takes the place of one of ours (WRONGTYPE)", REDIS, expect=DEGRADED)
def wrong_type(stage):
    def take():
        stage.server.ask(f"RENAME {PREFIX}state kept")
        stage.server.ask(f"SET {PREFIX}state mine")

    def give():
        assert stage.server.ask(f"GET {PREFIX}state") == "mine"
        stage.server.ask(f"RENAME kept {PREFIX}state")
    _until_fenced(stage, take, give)


def _set_clock(stage, now_us=0, offset_us=0):
    """It stands still at that moment, or (0) is so far away from the real time."""
    with open(stage.clock, "r+b") as file:
        file.write(now_us.to_bytes(8, "little", signed=True) + offset_us.to_bytes(8, "little", signed=True))


@scenario("the server's clock jumps ahead by 60 s", REDIS, expect=DEGRADED, clocked=True, again=False, quick=True)
def clock_ahead(stage):
    since = stage.mark()
    _set_clock(stage, offset_us=60_000_000)
    stage.wait_all("joined", since)
    stage.wait_work()


@scenario("the server's clock is set back by an hour, and a follower dies", REDIS, expect=SAFE, clocked=True,
          again=False)
def clock_back(stage):
    _set_clock(stage, offset_us=-3_600_000_000)
    time.sleep(2 * TTL_S)
    victim = stage.follower()
    stage.kill(victim)
    stage.wait_moved_from(victim)
    stage.restart(victim)


@scenario("the server's clock stands still for three leases, and goes on from there", REDIS, expect=SAFE, clocked=True,
          again=False)
def clock_frozen(stage):
    now_us = time.time_ns() // 1000
    _set_clock(stage, now_us)
    time.sleep(3 * TTL_S)
    _set_clock(stage, offset_us=now_us - time.time_ns() // 1000)
    stage.wait_work()


@scenario("the server's clock stands still for three leases, and then jumps to the right time", REDIS,
          expect=DEGRADED, clocked=True, again=False)
def clock_frozen_then_right(stage):
    since = stage.mark()
    _set_clock(stage, time.time_ns() // 1000)
    time.sleep(3 * TTL_S)
    _set_clock(stage)
    stage.wait_all("joined", since)
    stage.wait_work()
