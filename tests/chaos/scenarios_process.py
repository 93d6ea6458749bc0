"""Processes that are killed, stopped, started again; and their clocks."""

import os
import signal
import time

from clocks import Clock
from frame import NAMES, SAFE, cont, scenario
from replicas import store_held
from steps import killed_and_back, on_anew


@scenario("SIGKILL of the leader", expect=SAFE, quick=True)
def leader_killed(stage):
    killed_and_back(stage, stage.leader())


@scenario("SIGKILL of a follower", expect=SAFE)
def follower_killed(stage):
    killed_and_back(stage, stage.follower())


@scenario("SIGKILL of a worker in the middle of its work, five times", expect=SAFE)
def workers_killed_at_work(stage):
    for _ in range(5):
        victim = stage.a_busy_worker()
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


@scenario("SIGSTOP of the leader beyond its lease, then SIGCONT", expect=SAFE)
def leader_stopped(stage):
    victim = stage.leader()
    stage.stop(victim)
    on_anew(stage, victim)


@scenario("SIGSTOP of a worker beyond its lease, with reports under way; then SIGCONT", expect=SAFE, quick=True)
def worker_stopped(stage):
    victim = stage.a_busy_worker()
    stage.stop(victim)
    on_anew(stage, victim)
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


@scenario("a second SIGTERM ends a replica at once, without leaving", expect=SAFE)
def terminated_twice(stage):
    victim = stage.follower()
    stage.struck.add(victim.name)
    with store_held(stage.allot):  # so that the first one takes its time
        victim.signal(signal.SIGTERM)
        time.sleep(0.1)
        assert victim.terminate() == 143
        stage.group.deaths.append((time.monotonic_ns(), victim.name))
    stage.restart(victim)


@scenario("the wall clock of a replica is an hour ahead, of another one an hour behind", expect=SAFE)
def wall_clocks_differ(stage):
    for name, offset_us in (("b", 3_600_000_000), ("c", -3_600_000_000)):
        victim = stage.replica(name)
        stage.struck.add(name)
        assert victim.terminate() == 0
        clock = Clock(os.path.join(stage.home, f"{name}.clock"))
        clock.set(offset_us=offset_us)
        stage.restart(victim, clock=clock)
        stage.wait_work()
    leader = stage.leader()
    if leader.name == "a":  # so that one with a wrong clock leads
        killed_and_back(stage, leader)
    stage.wait_work()


@scenario("the wall clock of all replicas jumps by an hour, forth and back, ten times", expect=SAFE, again=False)
def wall_clocks_jump(stage):
    clock = Clock(os.path.join(stage.home, "all.clock"))
    for name in NAMES:
        victim = stage.replica(name)
        stage.struck.add(name)
        assert victim.terminate() == 0
        stage.restart(victim, clock=clock)
    stage.wait_calm()
    stage.struck.clear()
    for number in range(10):
        clock.set(offset_us=3_600_000_000 * (-1) ** number)
        stage.wait_work(4)
