"""Processes that are killed, stopped, started again; and their clocks."""

import time

from frame import DEGRADED, SAFE, cont, scenario


@scenario("SIGKILL of the leader", expect=SAFE, quick=True)
def leader_killed(stage):
    victim = stage.leader()
    stage.kill(victim)
    stage.wait_moved_from(victim)
    stage.restart(victim)


@scenario("SIGKILL of a follower", expect=SAFE)
def follower_killed(stage):
    victim = stage.follower()
    stage.kill(victim)
    stage.wait_moved_from(victim)
    stage.restart(victim)


@scenario("SIGKILL of a worker in the middle of its work, five times", expect=SAFE)
def workers_killed_at_work(stage):
    for number in range(5):
        victim = stage.replica("bc"[number % 2])
        seen = len(victim.events)
        victim.wait(lambda r, n=seen: any(e["event"] == "acked" for e in r.events[n:]), "to work")
        stage.kill(victim)
        stage.restart(victim)


@scenario("SIGKILL of all at once; all are started again", expect=SAFE)
def all_killed(stage):
    victims = stage.live()
    for victim in victims:
        stage.kill(victim)
    for victim in victims:
        stage.restart(victim)


@scenario("SIGTERM to the leader: an orderly end", expect=SAFE)
def leader_terminated(stage):
    victim = stage.leader()
    stage.struck.add(victim.name)
    assert victim.terminate() == 0
    stage.wait_moved_from(victim)
    stage.restart(victim)


@scenario("SIGSTOP of the leader beyond its lease, then SIGCONT", expect=SAFE, quick=True)
def leader_stopped(stage):
    victim = stage.leader()
    old = victim.slot
    stage.stop(victim)
    stage.wait_moved_from(victim)
    cont(victim)
    victim.wait(lambda r: r.slot != old, "to join anew")


@scenario("SIGSTOP of a worker beyond its lease, with reports under way; then SIGCONT", expect=SAFE, quick=True)
def worker_stopped(stage):
    victim = stage.a_worker()
    old, seen = victim.slot, len(victim.events)
    victim.wait(lambda r: any(e["event"] == "acked" for e in r.events[seen:]), "to work")
    stage.stop(victim)
    stage.wait_moved_from(victim)
    cont(victim)
    victim.wait(lambda r: r.slot != old, "to join anew")
    stage.wait_work()


@scenario("SIGSTOP of all beyond their leases, then SIGCONT", expect=SAFE)
def all_stopped(stage):
    since = stage.mark()
    victims = stage.live()
    for victim in victims:
        stage.stop(victim)
    time.sleep(stage.setting.ttl_s + 0.5)  # nobody is there who could tell
    for victim in victims:
        cont(victim)
    stage.wait_all("joined", since)


@scenario("SIGSTOP of one after the other for a fraction of the lease", expect=SAFE, ttl_s=4.0)
def stopped_shortly(stage):
    for victim in stage.live():
        stage.stop(victim)
        time.sleep(0.6)
        cont(victim)
        stage.group.deaths.pop()  # it lives, and owns what it owned
    stage.struck.clear()
