"""Redis servers that change their roles, others' data under our names, and clocks of servers."""

import os
import shutil
import time

from frame import DEGRADED, KEEPS, REDIS, SAFE, TTL_S, UNCOVERED, scenario
from redis_server import RedisServer
from steps import PREFIX, killed_and_back, ok, until_fenced


@scenario("the server becomes a replica (READONLY), until all leases are over; then a master again", REDIS,
          expect=DEGRADED)
def server_read_only(stage):
    until_fenced(stage, lambda: ok(stage.server, "REPLICAOF 127.0.0.1 1"),
                 lambda: ok(stage.server, "REPLICAOF NO ONE"))


@scenario("the server is a replica without its master (MASTERDOWN, replica-serve-stale-data no)", REDIS,
          expect=DEGRADED)
def server_without_master(stage):
    ok(stage.server, "CONFIG SET replica-serve-stale-data no")
    until_fenced(stage, lambda: ok(stage.server, "REPLICAOF 127.0.0.1 1"),
                 lambda: ok(stage.server, "REPLICAOF NO ONE"))
    ok(stage.server, "CONFIG SET replica-serve-stale-data yes")


@scenario("too few replicas of the server are there (NOREPLICAS, min-replicas-to-write)", REDIS, expect=DEGRADED)
def server_without_replicas(stage):
    until_fenced(stage, lambda: ok(stage.server, "CONFIG SET min-replicas-to-write 1"),
                 lambda: ok(stage.server, "CONFIG SET min-replicas-to-write 0"))


@scenario("snapshots fail, and the server refuses to write (MISCONF)", REDIS, expect=DEGRADED)
def server_cannot_save(stage):
    path = os.path.join(stage.server.home, "dump.rdb")
    if os.path.exists(path):
        os.remove(path)
    os.mkdir(path)  # the snapshot cannot be renamed over it

    def fail_to_save():
        ok(stage.server, "CONFIG SET save \"3600 1\"")
        assert stage.server.ask("BGSAVE").startswith("Background")
        stage.server.wait(lambda: "rdb_last_bgsave_status:err" in stage.server.ask("INFO persistence"),
                          "the snapshot does not fail")

    def save_again():
        os.rmdir(path)
        ok(stage.server, "CONFIG SET save \"\"", "SAVE")
    until_fenced(stage, fail_to_save, save_again)


@scenario("the server loads its data for long (LOADING)", REDIS, expect=DEGRADED,
          server=("--enable-debug-command", "local"))
def server_loading(stage):
    since = stage.mark()
    with stage.server.connection() as own:
        for number in range(3000):
            own(f"SET filler:{number} x")
    ok(stage.server, "SAVE")
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
    ok(stage.server, "CONFIG SET repl-diskless-sync-delay 0")
    port = stage.server.listen_on_tcp()
    replica = RedisServer(home, "--replicaof", f"127.0.0.1 {port}")
    replica.wait_synced()
    return replica


def _promoted(stage, stale):
    """A copy takes its place."""
    replica = _copy_of(stage)
    try:
        if stale:
            ok(replica, "REPLICAOF NO ONE")  # it is cut off
            stage.wait_work(20)
            killed_and_back(stage, stage.follower())
        since = stage.mark()
        stage.server.kill()
        ok(replica, "REPLICAOF NO ONE", "SAVE")
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


@scenario("split brain: a copy of the server is promoted while the old one goes on, and one replica follows the copy: "
          "two hold the same", REDIS, expect=UNCOVERED, loses=True, again=False,
          violates=("holders", "tokens", "leaders", "terms", "acks", "stale"))
def split_brain(stage):
    copy = _copy_of(stage)
    try:
        ok(copy, "REPLICAOF NO ONE")
        victim = stage.follower()
        stage.struck.add(victim.name)
        assert victim.terminate() == 0
        astray = stage.start_replica(victim.name, place=("--backend", "redis", "--url", copy.url))
        astray.wait(lambda r: sum(name.startswith("keep-") for name in r.held) == KEEPS, "everything, on the copy")
        assert astray.terminate() == 0
    finally:
        copy.kill()
    stage.restart(victim)


# ---- Others' data, others' clocks -----------------------------------------------------------------------------------


@scenario("another program's key of another type takes the place of one of ours (WRONGTYPE)", REDIS, expect=DEGRADED)
def wrong_type(stage):
    def take():
        stage.server.take_place(f"{PREFIX}state", "mine")

    def give():
        assert stage.server.ask(f"GET {PREFIX}state") == "mine"
        stage.server.ask(f"RENAME kept {PREFIX}state")
    until_fenced(stage, take, give)


@scenario("the server's clock jumps ahead by 60 s", REDIS, expect=DEGRADED, clocked=True, again=False, quick=True)
def clock_ahead(stage):
    since = stage.mark()
    stage.clock.set(offset_us=60_000_000)
    stage.wait_all("joined", since)
    stage.wait_work()


@scenario("the server's clock is set back by an hour, and a follower dies", REDIS, expect=SAFE, clocked=True,
          again=False)
def clock_back(stage):
    stage.clock.set(offset_us=-3_600_000_000)
    time.sleep(2 * TTL_S)
    killed_and_back(stage, stage.follower())


@scenario("the server's clock stands still for three leases, and goes on from there", REDIS, expect=SAFE, clocked=True,
          again=False)
def clock_frozen(stage):
    now_us = time.time_ns() // 1000
    stage.clock.set(now_us)
    time.sleep(3 * TTL_S)
    stage.clock.set(offset_us=now_us - time.time_ns() // 1000)
    stage.wait_work()


@scenario("the server's clock stands still for three leases, and then jumps to the right time", REDIS,
          expect=DEGRADED, clocked=True, again=False)
def clock_frozen_then_right(stage):
    since = stage.mark()
    stage.clock.set(time.time_ns() // 1000)
    time.sleep(3 * TTL_S)
    stage.clock.set()
    stage.wait_all("joined", since)
    stage.wait_work()
