"""What a Redis server does, and what is done to it: deaths, stops, connections, scripts."""

import os
import time

from frame import DEGRADED, REDIS, SAFE, TTL_S, UNCOVERED, scenario
from steps import ok, until_fenced

AOF = ("--appendonly", "yes", "--appendfsync", "everysec")
AOF_ALWAYS = ("--appendonly", "yes", "--appendfsync", "always")


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
    until_fenced(stage, stage.server.kill, stage.server.start)


@scenario("SIGKILL of the server without persistence: everything is gone", REDIS, expect=DEGRADED, loses=True)
def server_killed_without_persistence(stage):
    since = _killed_and_started(stage)
    stage.wait_all("joined", since)
    stage.refill()


def _back_to_an_old_snapshot(stage, newcomer):
    ok(stage.server, "SAVE")
    stage.wait_work(20)
    victim = stage.follower()
    stage.kill(victim)  # so that others have newer tokens than the snapshot knows
    stage.wait_moved_from(victim)
    if not newcomer:
        stage.restart(victim)
    since = _killed_and_started(stage)
    if newcomer:
        stage.restart(victim)
    stage.wait_all("joined", since)
    stage.refill()
    os.remove(os.path.join(stage.server.home, "dump.rdb"))


@scenario("SIGKILL of the server; it comes back with an old snapshot (RDB)", REDIS, expect=DEGRADED, loses=True)
def server_killed_rdb(stage):
    _back_to_an_old_snapshot(stage, newcomer=False)


@scenario("the same, and a newcomer may lead on the old data until the first beat of one who knows more (protocol.md)",
          REDIS, expect=UNCOVERED, loses=True, again=False, violates=("leaders", "holders"))
def server_killed_rdb_newcomer(stage):
    _back_to_an_old_snapshot(stage, newcomer=True)


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
    ok(stage.server, "FLUSHALL")
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
        ok(stage.server, "SWAPDB 0 1")
        stage.wait_all("joined", since)
        stage.refill()
        stage.leader()


# ---- It is stopped --------------------------------------------------------------------------------------------------


@scenario("SIGSTOP of the server beyond all leases; what it was sent meanwhile it carries out when it goes on", REDIS,
          expect=DEGRADED)
def server_stopped(stage):
    until_fenced(stage, stage.server.stop, stage.server.cont)


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
    ok(stage.server, "CONFIG SET busy-reply-threshold 50")

    def end():
        ok(stage.server, "SCRIPT KILL")
        stage.server.wait(lambda: stage.server.ask("PING") == "PONG", "the script does not end at its next step")
        ok(stage.server, "CONFIG SET busy-reply-threshold 5000")
    until_fenced(stage, lambda: stage.server.send('EVAL "while true do end" 0'), end)


@scenario("the server blocks for 300 ms, eight times (DEBUG SLEEP)", REDIS, expect=SAFE, ttl_s=4.0,
          server=("--enable-debug-command", "local"))
def server_sleeps(stage):
    for _ in range(8):
        ok(stage.server, "DEBUG SLEEP 0.3")
        stage.wait_work(1)


@scenario("CLIENT PAUSE of all commands for 5 s, beyond all leases", REDIS, expect=DEGRADED)
def clients_paused(stage):
    until_fenced(stage, lambda: ok(stage.server, "CLIENT PAUSE 5000 ALL"), lambda: stage.server.ask("PING"))


@scenario("CLIENT PAUSE of writing commands, until all leases are over", REDIS, expect=DEGRADED)
def writes_paused(stage):
    until_fenced(stage, lambda: ok(stage.server, "CLIENT PAUSE 10000 WRITE"),
                 lambda: ok(stage.server, "CLIENT UNPAUSE"))


@scenario("CLIENT PAUSE for 300 ms, eight times", REDIS, expect=SAFE, ttl_s=4.0)
def clients_paused_shortly(stage):
    for _ in range(8):
        ok(stage.server, "CLIENT PAUSE 300 ALL")
        stage.wait_work(1)


# ---- Connections ----------------------------------------------------------------------------------------------------


@scenario("CLIENT KILL of all connections, twenty times", REDIS, expect=SAFE, ttl_s=4.0)
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
    ok(stage.server, 'CONFIG SET client-output-buffer-limit "pubsub 1 1 1"')
    stage.wait_work(20)
    ok(stage.server, f'CONFIG SET client-output-buffer-limit "{before}"')


def _shut_out(stage, shut, reopen):
    """By a setting of the server; those that were there are cut off."""
    with stage.server.connection() as own:
        def begin():
            for line in (shut, "CLIENT KILL TYPE normal SKIPME yes", "CLIENT KILL TYPE pubsub"):
                own(line)
        until_fenced(stage, begin, lambda: own(reopen))


@scenario("no further connection is accepted (maxclients), and those that were there are cut off", REDIS,
          expect=DEGRADED)
def clients_too_many(stage):
    before = stage.server.ask_all("CONFIG GET maxclients")[1]
    _shut_out(stage, "CONFIG SET maxclients 1", f"CONFIG SET maxclients {before}")


@scenario("the password is changed (WRONGPASS, NOAUTH), and changed back", REDIS, expect=DEGRADED)
def password_changed(stage):
    _shut_out(stage, "CONFIG SET requirepass secret", 'CONFIG SET requirepass ""')


def _without_right(stage, taken):
    with stage.server.connection() as own:
        own("ACL SETUSER admin on nopass allcommands allkeys allchannels")
        own("AUTH admin x")
        until_fenced(stage, lambda: own(f"ACL SETUSER default {taken}"), lambda: own("ACL SETUSER default +@all"))
        own("ACL DELUSER admin")


@scenario("the user may not run scripts any more (NOPERM), and may again", REDIS, expect=DEGRADED)
def rights_taken(stage):
    _without_right(stage, "-evalsha")


@scenario("the user may run scripts, and these may not write (NOPERM within a script)", REDIS, expect=DEGRADED)
def rights_within_scripts_taken(stage):
    _without_right(stage, "-@write")


# ---- Scripts --------------------------------------------------------------------------------------------------------


@scenario("SCRIPT FLUSH (NOSCRIPT), thirty times", REDIS, expect=SAFE)
def scripts_flushed(stage):
    for _ in range(30):
        ok(stage.server, "SCRIPT FLUSH")
        stage.wait_work(1)
