"""What disks, directories and locks do under the file backend; and processes that end at numbered failpoints."""

import errno
import fcntl
import os
import shutil
import signal
import time

import failpoints as fp
from frame import DEGRADED, FILE, REDIS, REFUSED, SAFE, cont, scenario
from replicas import store_held
from steps import on_anew, until_fenced


def _group(stage):
    return os.path.join(stage.path, "default")


# ---- Failpoints -----------------------------------------------------------------------------------------------------


def _ended_at(stage, victim, calls, number, action):
    stage.struck.add(victim.name)
    stage.failpoints[victim.name].strike(calls, number, action)
    stage.group.wait(lambda: not victim.running, f"{victim.name} to reach failpoint {number}")
    stage.group.deaths.append((time.monotonic_ns(), victim.name))
    stage.restart(victim)


def _stopped_at(stage, victim, calls, number):
    stage.struck.add(victim.name)
    stage.failpoints[victim.name].strike(calls, number, -signal.SIGSTOP)
    os.waitid(os.P_PID, victim.process.pid, os.WSTOPPED)


def _killing(name, what, backend, calls, numbers, **more):
    """Whoever is at work, at that call after this one, with the store half changed."""
    def inject(stage):
        for number in numbers:
            _ended_at(stage, stage.a_busy_worker(), calls, number, -signal.SIGKILL)
    inject.__name__ = f"killed_at_{name}"
    scenario(f"SIGKILL just before {what}, at {len(numbers)} numbered failpoints", backend, expect=SAFE,
             failpoints=True, **more)(inject)


_killing("write", "a write into the journal", FILE, fp.WRITE, (1, 2, 3, 5, 8, 13), quick=True)
_killing("sync", "an fdatasync of the journal", FILE, fp.FSYNC, (1, 2, 3, 5))
_killing("lock", "taking or giving back the mutex", FILE, fp.FLOCK, (1, 2, 3, 4, 5, 8))
_killing("send", "sending requests", REDIS, fp.SEND, (1, 2, 3, 5, 8, 13), quick=True)
_killing("receive", "reading answers", REDIS, fp.RECV, (1, 2, 3, 5, 8, 13))


@scenario("SIGKILL in the middle of a write into the journal: a torn line", FILE, expect=SAFE, failpoints=True,
          quick=True)
def killed_in_a_write(stage):
    for turn, number in enumerate((1, 3, 5, 7)):
        _ended_at(stage, stage.replica("bc"[turn % 2]), fp.WRITE, number, fp.HALF_THEN_KILL)


@scenario("SIGSTOP just before sending requests, beyond the lease; then they go out", REDIS, expect=SAFE,
          failpoints=True, quick=True)
def stopped_before_sending(stage):
    for number in (1, 2, 3):
        victim = stage.a_worker()
        _stopped_at(stage, victim, fp.SEND, number)
        stage.group.deaths.append((time.monotonic_ns(), victim.name))
        on_anew(stage, victim)


def _stopped_within_the_mutex(stage, end):
    """The leases of all others end; then end(victim, others)."""
    victim = stage.a_worker()
    others = [r for r in stage.live() if r is not victim]
    until_fenced(stage, lambda: _stopped_at(stage, victim, fp.WRITE, 1), lambda: end(victim, others), others)
    return victim


@scenario("SIGSTOP within the mutex, beyond all leases: the group stands still; then SIGCONT", FILE, expect=DEGRADED,
          failpoints=True, quick=True)
def stopped_within_the_mutex(stage):
    def end(victim, others):
        assert any("held by pid" in r.errors() + str(r.named("store_down")) for r in others)
        cont(victim)
    _stopped_within_the_mutex(stage, end)  # the victim's own lease may have begun a beat later


@scenario("SIGSTOP within the mutex, beyond all leases; then SIGKILL: the mutex is free", FILE, expect=DEGRADED,
          failpoints=True)
def killed_within_the_mutex(stage):
    stage.restart(_stopped_within_the_mutex(stage, lambda victim, _others: stage.kill(victim)))


# ---- Errors of the system -------------------------------------------------------------------------------------------


def _failing(name, what, calls, error, expect, **more):
    """All calls of one replica, until its lease is over (or it has worked on regardless)."""
    def inject(stage):
        victim = stage.a_worker()
        stage.struck.add(victim.name)
        points = stage.failpoints[victim.name]
        seen = len(victim.events)
        points.strike(calls, 1, error, lasting=True)
        points.wait_struck()
        if more.get("fences", True):
            victim.wait(lambda r: any(e["event"] == "fenced" for e in r.events[seen:]), "to be fenced")
            stage.wait_moved_from(victim)
        points.clear()
        stage.wait_work()
    inject.__name__ = name
    kept = {key: value for key, value in more.items() if key != "fences"}
    scenario(what, FILE, expect=expect, failpoints=True, **kept)(inject)


_failing("write_eio", "one replica's writes fail (EIO), beyond its lease", fp.WRITE, errno.EIO, SAFE)
_failing("write_enospc", "one replica's writes fail (ENOSPC), beyond its lease", fp.WRITE, errno.ENOSPC, SAFE,
         quick=True)
_failing("write_edquot", "one replica's writes fail (EDQUOT), beyond its lease", fp.WRITE, errno.EDQUOT, SAFE)
_failing("lock_enolck", "one replica cannot take the mutex (ENOLCK), beyond its lease", fp.FLOCK, errno.ENOLCK, SAFE)


def _failing_once(name, what, calls, action, numbers=(1, 2, 3)):
    def inject(stage):
        for number in numbers:
            for victim in stage.live():
                points = stage.failpoints[victim.name]
                points.strike(calls, number, action)
                points.wait_struck()
                points.clear()
            stage.wait_work(4)
    inject.__name__ = name
    scenario(what, FILE, expect=SAFE, failpoints=True, ttl_s=4.0)(inject)


_failing_once("write_short", "a write writes the first half alone, at every replica in turn", fp.WRITE, fp.HALF)
_failing_once("write_fails_once", "a single write fails (EIO), at every replica in turn", fp.WRITE, errno.EIO)
_failing_once("write_interrupted", "a write is interrupted (EINTR), at every replica in turn", fp.WRITE, errno.EINTR)
_failing_once("lock_interrupted", "taking the mutex is interrupted (EINTR), at every replica in turn", fp.FLOCK,
              errno.EINTR)


@scenario("an fdatasync fails (EIO), at the worker and at whoever adds: the state is written into a new file", FILE,
          expect=SAFE, failpoints=True, ttl_s=4.0, quick=True)
def sync_fails(stage):
    for _ in range(2):
        points = stage.failpoints[stage.a_busy_worker().name]
        points.strike(fp.FSYNC, 1, errno.EIO)
        points.wait_struck()
        points.clear()
        stage.wait_work(4)


@scenario("no descriptors are left for a replica (EMFILE) that is started: it says so, and ends", FILE, expect=REFUSED,
          failpoints=True)
def descriptors_used_up(stage):
    victim = stage.replica("c")
    stage.struck.add("c")
    assert victim.terminate() == 0
    stage.wait_moved_from(victim)
    points = stage.failpoints["c"]
    failed = stage.start_replica("c", prepare=lambda: points.strike(fp.OPEN, 1, errno.EMFILE, lasting=True))
    code = failed.process.wait(20)
    message = failed.errors()
    assert code == 78 and "Too many open files" in message, (code, message)
    points.clear()
    stage.restart(failed)
    return message.strip()


# ---- Disks ----------------------------------------------------------------------------------------------------------


def _fill(path):
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError as error:
            assert error.errno == errno.ENOSPC
    with open(path, "ab", buffering=0) as file:  # to the last byte
        try:
            while True:
                file.write(b"x")
        except OSError as error:
            assert error.errno == errno.ENOSPC


@scenario("the disk is full, beyond all leases; then there is room again", FILE, expect=DEGRADED, disk="size=2m",
          root=True, quick=True)
def disk_full(stage):
    filler = os.path.join(stage.path, "filler")
    until_fenced(stage, lambda: _fill(filler), lambda: os.remove(filler))


@scenario("the file system becomes read-only (EROFS), beyond all leases; then writable again", FILE, expect=DEGRADED,
          failpoints=True)
def disk_read_only(stage):
    def read_only():
        for points in stage.failpoints.values():
            points.strike(fp.WRITE | fp.PWRITE | fp.TRUNCATE | fp.OPEN, 1, errno.EROFS, lasting=True)

    def writable():
        for points in stage.failpoints.values():
            points.clear()
    until_fenced(stage, read_only, writable)


# ---- Files that others meddle with ----------------------------------------------------------------------------------


def _judge(stage):
    """What `allot status` says of it: it must not be taken for a group in order."""
    done = stage.allot("status", "--timeout", "1s")
    return done.returncode, (done.stderr or done.stdout).decode().strip()


@scenario("the lock file is unlinked: every replica goes on with one and the same new one, or none does", FILE,
          expect=SAFE, quick=True)
def lock_unlinked(stage):
    os.remove(os.path.join(_group(stage), "lock"))
    stage.wait_work()


@scenario("the lock file is replaced by another one", FILE, expect=SAFE)
def lock_replaced(stage):
    path = os.path.join(_group(stage), "lock")
    with open(f"{path}.new", "wb"):
        os.chmod(f"{path}.new", 0o600)
    os.rename(f"{path}.new", path)
    stage.wait_work()


@scenario("another program holds the lock file, beyond all leases", FILE, expect=DEGRADED, quick=True)
def lock_held(stage):
    with open(os.path.join(_group(stage), "lock"), "rb") as file:
        until_fenced(stage, lambda: fcntl.flock(file, fcntl.LOCK_EX), lambda: fcntl.flock(file, fcntl.LOCK_UN))


@scenario("another program holds the lock file for 200 ms, ten times", FILE, expect=SAFE, ttl_s=4.0)
def lock_held_shortly(stage):
    for _ in range(10):
        with store_held(stage.allot):
            time.sleep(0.2)
        stage.wait_work(1)


@scenario("all bells are unlinked: hints are lost", FILE, expect=SAFE)
def bells_unlinked(stage):
    folder = os.path.join(_group(stage), "bells")
    for name in os.listdir(folder):
        os.remove(os.path.join(folder, name))
    stage.wait_work()


def _flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


@scenario("a bit of the journal flips, in its middle: a new process refuses it", FILE, expect=REFUSED, quick=True)
def journal_flipped(stage):
    path = os.path.join(_group(stage), "journal")
    at = os.path.getsize(path) // 2
    _flip(path, at)
    code, message = _judge(stage)
    _flip(path, at)
    assert code == 1 and "damaged at byte" in message, (code, message)
    return message


@scenario("the journal is emptied while replicas run", FILE, expect=REFUSED, again=False)
def journal_emptied(stage):
    path = os.path.join(_group(stage), "journal")
    kept = os.path.join(stage.home, "journal.kept")

    def damage():
        with store_held(stage.allot):
            shutil.copy2(path, kept)
            os.truncate(path, 0)

    def mend():
        code, message = _judge(stage)
        assert code == 1 and "damaged" in message, (code, message)
        with open(kept, "rb") as good, open(path, "r+b") as file:
            file.write(good.read())
        return message
    return until_fenced(stage, damage, mend)


@scenario("the journal loses its last lines while replicas run: they see that it fell back, and join anew", FILE,
          expect=DEGRADED, loses=True, again=False)
def journal_cut(stage):
    since = stage.mark()
    path = os.path.join(_group(stage), "journal")
    with store_held(stage.allot):
        os.truncate(path, os.path.getsize(path) - 700)
    stage.wait_all("joined", since)
    stage.refill()
