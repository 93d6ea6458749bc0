"""Whole processes: starting replicas, reading their events, ending them."""

import collections
import contextlib
import ctypes
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time

import histories

# How long to wait for what must happen. Far above what it takes: whoever waits that long has found a fault.
LIMIT_S = 20.0
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def clean_environment(**extra):
    """Of the environment nothing that the command itself would read."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ALLOT_")}
    return {**kept, **extra}


@contextlib.contextmanager
def store_held(allot):
    """The store does not answer: its lock is held, as by a process that was stopped within a transition; or its server
    is stopped."""
    if allot.server:
        allot.server.stop()
        try:
            yield
        finally:
            allot.server.cont()
        return
    with open(os.path.join(allot.path, "default", "lock"), "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Allot:
    """The command, on one store."""

    def __init__(self, binary, path, place=None, server=None):
        self.binary = binary
        self.path = path  # a test may point it elsewhere
        self._place = place
        self.server = server  # the RedisServer that it is on; None: it is in files

    @property
    def place(self):
        """The flags that lead to the store."""
        return self._place or ("--path", self.path)

    @place.setter
    def place(self, flags):
        self._place = flags

    def __call__(self, verb, *arguments, stdin=b"", env=None, store=True, timeout=LIMIT_S, **more):
        place = self.place if store else ()
        # A None stdin leaves a terminal to the caller.
        return subprocess.run([self.binary, verb, *place, *arguments], input=stdin, env=env or clean_environment(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, check=False, **more)

    def json(self, verb, *arguments, **more):
        done = self(verb, "-o", "json", *arguments, **more)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    def add(self, names):
        return self.json("add", "-", stdin="".join(f"{name}\n" for name in names).encode())


class Replica:
    """One `allot run`, and what it has told."""

    def __init__(self, group, name, flags, env=None, program=None, place=None):
        """`program`: another than the command, of the same flags; `place`: other flags to the store."""
        self.group = group
        self.name = name
        self.events = []
        self.held = {}  # id -> token
        self.slot = None
        self.ended_ns = None
        self.log = open(os.path.join(group.logs, f"{name}.log"), "wb")  # pylint: disable=consider-using-with
        command = [program or group.allot.binary, "run", *(place or group.allot.place), "--name", name, "--log-format",
                   "json", "--log-ids", *flags]
        # pylint: disable-next=consider-using-with,subprocess-popen-preexec-fn
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log,
                                        env=env or clean_environment(), preexec_fn=_die_with_parent)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            if not line.endswith(b"\n"):
                break  # killed while it wrote
            event = json.loads(line)
            with self.group.changed:
                self.events.append(event)
                self._take(event)
                self.group.changed.notify_all()
        with self.group.changed:
            self.ended_ns = time.monotonic_ns()
            self.group.changed.notify_all()

    def _take(self, event):
        if event["event"] == "joined":
            self.slot = event["slot"]
        elif event["event"] == "gained":
            self.held.update((item["id"], item["token"]) for item in event["ids"])
        elif event["event"] in histories.ENDS:
            for item in event["ids"]:
                if self.held.get(item["id"]) == item["token"]:
                    del self.held[item["id"]]

    def named(self, word):
        with self.group.changed:
            return [event for event in self.events if event["event"] == word]

    def words(self):
        with self.group.changed:
            return [event["event"] for event in self.events]

    @property
    def leads(self):
        """By its own last word on it."""
        words = [event["event"] for event in self.events if event["event"] in ("leader", "follower", "fenced", "left")]
        return self.running and bool(words) and words[-1] == "leader"

    @property
    def running(self):
        return self.ended_ns is None

    def wait(self, predicate, what, limit_s=LIMIT_S):
        """Until predicate(self); returns what it returned."""
        return self.group.wait(lambda: predicate(self), f"{self.name}: {what}", limit_s)

    def wait_event(self, word, limit_s=LIMIT_S, since=0):
        return self.wait(lambda r: next((e for e in r.events[since:] if e["event"] == word), None), word, limit_s)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """kill -9. Returns the instant from which on it owns nothing."""
        now = time.monotonic_ns()
        self.group.deaths.append((now, self.name))
        self.signal(signal.SIGKILL)
        self.process.wait(LIMIT_S)
        self.group.wait(lambda: not self.running, f"{self.name}: the end of its events")
        return now

    def lease_end_ns(self):
        """On Redis: when its lease ends, by what the server has, as an instant of CLOCK_MONOTONIC."""
        end_ms = float(self.group.allot.server.ask(f"ZSCORE allot:{{default}}:slots {self.slot}"))
        return round(end_ms * 1e6) - time.time_ns() + time.monotonic_ns()

    def stop(self):
        """SIGSTOP. It does nothing until it is continued, and is not to go on with what it held."""
        self.group.stop_outside_lock(self)

    def terminate(self):
        """SIGTERM; returns the exit code."""
        self.signal(signal.SIGTERM)
        code = self.process.wait(LIMIT_S)
        self.group.wait(lambda: not self.running, f"{self.name}: the end of its events")
        return code

    def errors(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8", errors="replace") as file:
            return file.read()

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
        self.reader.join(LIMIT_S)
        self.process.stdout.close()
        self.log.close()


class Group:
    """The replicas of one store."""

    def __init__(self, allot, logs):
        self.allot = allot
        self.logs = logs
        self.changed = threading.Condition(threading.RLock())
        self.replicas = []
        self.deaths = []  # (mono_ns, name): killed, or stopped past its lease

    def start(self, name, *flags, **more):
        replica = Replica(self, name, flags, **more)
        self.replicas.append(replica)
        return replica

    def start_many(self, count, *flags):
        return [self.start(f"r{number}", *flags) for number in range(1, count + 1)]

    def live(self):
        return [replica for replica in self.replicas if replica.running]

    def wait(self, predicate, what, limit_s=LIMIT_S):
        found = None

        def reached():
            nonlocal found
            found = predicate()
            return found

        with self.changed:
            if not self.changed.wait_for(reached, limit_s):
                told = collections.Counter((r.name, e["event"]) for r in self.replicas for e in r.events)
                held = {r.name: len(r.held) for r in self.replicas}
                raise AssertionError(f"waited {limit_s} s for {what}; held: {held}; told: {dict(told)}")
        return found

    def leader(self):
        return self.wait(lambda: next((r for r in self.live() if r.leads), None), "a leader")

    def wait_placed(self, names, among=None, even=True, limit_s=LIMIT_S):
        """Until each name is held by exactly one of these replicas, and the shares are within one of even. Returns the
        instant of the last change."""
        names = set(names)

        def placed():
            replicas = among or self.live()
            shares = [len(r.held) for r in replicas]
            if sum(shares) != len(names) or (even and max(shares) - min(shares) > 1):
                return False
            return set().union(*(r.held for r in replicas)) == names

        self.wait(placed, f"{len(names)} ids on {len(among or self.live())} replicas", limit_s)
        return max(self.instants(among or self.live()), default=0)

    @staticmethod
    def instants(replicas):
        return [r.named("gained")[-1]["mono_ns"] for r in replicas if r.named("gained")]

    def owners(self):
        """id -> (replica's name, token), of the live ones."""
        with self.changed:
            return {name: (r.name, token) for r in self.live() for name, token in r.held.items()}

    def check(self):
        """What must hold of the whole history of every replica."""
        with self.changed:
            told = {replica.name: list(replica.events) for replica in self.replicas}
        wrong = histories.check(told, self.deaths)
        assert not wrong, wrong[:5]

    def stop_outside_lock(self, replica):
        """A process that is stopped while it holds the store's lock stops the whole group, as documented: not what is
        to be tested here. So it is stopped at another moment."""
        if self.allot.server:
            self.deaths.append((time.monotonic_ns(), replica.name))
            replica.signal(signal.SIGSTOP)
            os.waitid(os.P_PID, replica.process.pid, os.WSTOPPED)
            return
        lock = os.path.join(self.allot.path, "default", "lock")
        while True:
            now = time.monotonic_ns()
            replica.signal(signal.SIGSTOP)
            os.waitid(os.P_PID, replica.process.pid, os.WSTOPPED)
            with open(lock, "rb") as file:
                for _ in range(50):
                    try:
                        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        self.deaths.append((now, replica.name))
                        return
                    except BlockingIOError:
                        time.sleep(0.002)  # somebody is in a transition: a live one is soon done
            replica.signal(signal.SIGCONT)

    def close(self):
        for replica in self.replicas:
            replica.close()


def note(text):
    """A measurement, to be seen with `pytest -s`."""
    print(text, file=sys.stderr)
