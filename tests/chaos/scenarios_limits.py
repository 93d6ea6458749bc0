"""Limits of a process, and places and stores that are refused."""

import os
import resource
import signal
import time

from frame import FILE, REDIS, REFUSED, SAFE, cont, scenario
from steps import PREFIX, until_fenced


@scenario("no descriptors are left for a replica (RLIMIT_NOFILE), and its connections are cut", REDIS, expect=SAFE,
          proxied=True)
def descriptors_used_up_connected(stage):
    victim = stage.leader()
    stage.struck.add(victim.name)
    pid = victim.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)

    def use_up():
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, before[1]))
        stage.proxies[victim.name]("reset")
        stage.wait_moved_from(victim)
    until_fenced(stage, use_up, lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE, before), [victim])


@scenario("the history of a replica cannot be written any more (RLIMIT_FSIZE): it ends, and others take over", REDIS,
          expect=SAFE, quick=True)
def history_full(stage):
    for name in ("a", "b"):  # one that holds, one that works
        victim = stage.replica(name)
        stage.struck.add(name)
        size = os.path.getsize(stage.history(name))
        resource.prlimit(victim.process.pid, resource.RLIMIT_FSIZE, (size, size))
        assert victim.process.wait(20) == 1
        stage.group.wait(lambda v=victim: not v.running, "the end of its events")
        stage.group.deaths.append((victim.ended_ns, name))
        assert stage.history(name) in victim.errors()
        stage.wait_moved_from(victim)
        stage.restart(victim)


def _refused(stage, code, *words):
    """A new process does not go on with it. Returns what it says."""
    done = stage.allot("status", "--timeout", "1s")
    message = done.stderr.decode()
    assert done.returncode == code and all(word in message for word in words), (done.returncode, message)
    return message.strip()


@scenario("the group's directory becomes a symbolic link: a new process refuses it", FILE, expect=REFUSED, quick=True)
def directory_symlinked(stage):
    path = os.path.join(stage.path, "default")
    os.rename(path, f"{path}.moved")
    os.symlink("default.moved", path)
    message = _refused(stage, 78, "symbolic link")
    os.remove(path)
    os.rename(f"{path}.moved", path)
    stage.wait_work()
    return message


@scenario("the group's directory is opened to others: a new process refuses it", FILE, expect=REFUSED)
def directory_opened(stage):
    path = os.path.join(stage.path, "default")
    os.chmod(path, 0o755)
    message = _refused(stage, 78, "others")
    os.chmod(path, 0o700)
    stage.wait_work()
    return message


@scenario("the journal becomes a symbolic link: a new process refuses it", FILE, expect=REFUSED)
def journal_symlinked(stage):
    path = os.path.join(stage.path, "default", "journal")
    stage.adder.pause()
    os.rename(path, f"{path}.moved")
    os.symlink("journal.moved", path)
    message = _refused(stage, 78, "journal")
    os.remove(path)
    os.rename(f"{path}.moved", path)
    stage.adder.resume()
    stage.wait_work()
    return message


@scenario("the store has a newer format than is known: nothing is done with it until it is as it was", REDIS,
          expect=REFUSED)
def format_newer(stage):
    def format_again():
        message = _refused(stage, 5, "format 99")
        stage.server.ask(f"HSET {PREFIX}state format 1")
        return message
    return until_fenced(stage, lambda: stage.server.ask(f"HSET {PREFIX}state format 99"), format_again)


@scenario("all beats of a replica are late: it is starved of the processor (SIGSTOP for 40 ms, 4 ms between)",
          expect=SAFE, ttl_s=4.0)
def processor_starved(stage):
    victim = stage.a_worker()
    stage.struck.add(victim.name)
    limit = time.monotonic() + 1.5 * stage.setting.ttl_s
    while time.monotonic() < limit:
        victim.signal(signal.SIGSTOP)
        time.sleep(0.04)
        cont(victim)
        time.sleep(0.004)
    stage.wait_work()
