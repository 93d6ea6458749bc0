"""What every scenario stands on: replicas that work, on a store of their own, and what is proved of them in the end.

A scenario is a function that injects a fault into a running group, waits for what the fault does, and takes it away
again. The frame starts the group, waits for calm, and lets `allot verify` judge the histories."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from clocks import Clock
from failpoints import Failpoints
from observed import observe
from proxies import Proxy
from redis_server import RedisServer
from replicas import LIMIT_S, Allot, Group, clean_environment

FILE, REDIS = "file", "redis"
BOTH = (FILE, REDIS)
# What is expected of the replicas that the fault does not strike itself:
SAFE = "safe"  # they keep what they hold all along (the store may be away for them meanwhile)
DEGRADED = "degraded"  # their leases end, they stop, and come back
REFUSED = "refused"  # what would be unsafe is not done, with a message
UNCOVERED = "not covered"  # against what the documentation asks for: something may be broken, which one it says
KEEPS = 45  # ids that are held as long as they are owned; jobs are done
JOBS_AT_ONCE = 4
NAMES = ("a", "b", "c")
TTL_S = 2.0
CALM_LIMIT_S = 45.0


@dataclasses.dataclass(frozen=True)
class Scenario:
    inject: object
    fault: str  # in plain words
    backends: tuple
    expect: str
    quick: bool = False  # of the choice that `make test` runs
    loses: bool = False  # the store's data: ids may be lost with it
    violates: tuple = ()  # UNCOVERED: the rules of `allot verify` that may be broken
    again: bool = True  # can be injected into a group that lives on
    proxied: bool = False  # each replica reaches the server through a proxy of its own
    failpoints: bool = False  # each replica has numbered failpoints
    clocked: bool = False  # the server's wall clock can be set
    root: bool = False
    disk: str = ""  # options of a tmpfs that the store lies on; needs root
    ttl_s: float = TTL_S
    server: tuple = ()  # options of the server
    flags: tuple = ()  # of the replicas

    @property
    def name(self):
        return self.inject.__name__

    @property
    def frame(self):
        """Scenarios of the same frame can follow each other in one group."""
        return (self.proxied, self.failpoints, self.clocked, self.disk, self.ttl_s, self.server, self.flags)


SCENARIOS = []


def scenario(fault, *backends, expect, **more):
    """Puts a function among the scenarios."""
    def put(inject):
        SCENARIOS.append(Scenario(inject, fault, backends or BOTH, expect, **more))
        return inject
    return put


class Adder:
    """Adds jobs as long as it is told to, and the history says which of them are confirmed."""

    def __init__(self, stage):
        self._stage = stage
        self._paused = threading.Event()
        self._ended = threading.Event()
        self._idle = threading.Lock()
        self._count = 0
        self.failed = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def add(self, names):
        text = "".join(f"{name}\n" for name in names).encode()
        return self._stage.allot("add", "--history", self._stage.history("adder"), "--timeout", "1s", "-", stdin=text)

    def _run(self):
        while not self._ended.wait(0.1):
            if self._paused.is_set():
                continue
            with self._idle:
                names = [f"job-{self._count + number}" for number in range(JOBS_AT_ONCE)]
                self._count += JOBS_AT_ONCE
                self.failed += self.add(names).returncode != 0

    def start(self):
        self._thread.start()

    def pause(self):
        self._paused.set()
        with self._idle:
            pass

    def resume(self):
        self._paused.clear()

    def close(self):
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(LIMIT_S)


class Stage:
    """A store, a group of three on it, and somebody who adds."""

    def __init__(self, binary, backend, setting, home=None):
        self.backend = backend
        self.setting = setting  # the Scenario, or one of the same frame
        self.home = home or tempfile.mkdtemp(prefix="allot-chaos-")
        self.worker = os.path.join(os.environ["ALLOT_BUILD"], "tests", "chaos", "chaos_worker")
        self.server = None
        self.proxies = {}
        self.failpoints = {}
        self.clock = None
        self.path = os.path.join(self.home, "store")
        if backend == REDIS:
            self._start_server()
            self.allot = Allot(binary, self.path, ("--backend", "redis", "--url", self.server.url), self.server)
        else:
            self.allot = Allot(binary, self.path)
        if setting.disk:
            os.mkdir(self.path, 0o700)
            mount(f"{setting.disk},mode=700", self.path, "-t", "tmpfs", "tmpfs")
        self.group = Group(self.allot, self.home)
        self.adder = Adder(self)
        self.struck = set()  # names of the replicas that the fault strikes itself

    def _start_server(self):
        environment = None
        if self.setting.clocked:
            self.clock = Clock(os.path.join(self.home, "clock"))
            environment = {**os.environ, **self.clock.environment}
        folder = os.path.join(self.home, "server")
        os.mkdir(folder)
        self.server = RedisServer(folder, *self.setting.server, environment=environment)

    # ---- The group ----

    def history(self, name):
        return os.path.join(self.home, f"{name}.jsonl")

    def start_replica(self, name, prepare=lambda: None, clock=None, **more):
        """a holds what it gets; the others work. `prepare`: with its failpoints cleared, before it starts; `clock`: a
        Clock of its own."""
        flags = ["--ttl", f"{round(self.setting.ttl_s * 1000)}ms", "--history", self.history(name),
                 *self.setting.flags]
        shims = [clock.environment] if clock else []
        if self.setting.proxied:
            if name not in self.proxies:
                self.proxies[name] = Proxy(self.server.path)
            more.setdefault("place", ("--backend", "redis", "--url", self.proxies[name].url))
        if self.setting.failpoints:
            if name not in self.failpoints:
                self.failpoints[name] = Failpoints(os.path.join(self.home, f"{name}.faults"), self.path)
            self.failpoints[name].clear()
            shims.append(self.failpoints[name].environment)
        prepare()
        extra = {key: value for shim in shims for key, value in shim.items()}
        if shims:
            extra["LD_PRELOAD"] = ":".join(shim["LD_PRELOAD"] for shim in shims)
        return self.group.start(name, *flags, program=None if name == "a" else self.worker,
                                env=clean_environment(**extra), **more)

    def refill(self):
        """Adds what is kept. (What is there is left alone.)"""
        limit = time.monotonic() + LIMIT_S
        while True:
            done = self.adder.add([f"keep-{number}" for number in range(KEEPS)])
            if done.returncode == 0:
                return
            assert time.monotonic() < limit, done.stderr
            time.sleep(0.1)

    def clean(self):
        """As an operator does."""
        done = self.allot("clean", "--history", self.history("operator"), "--yes")
        assert done.returncode == 0, done.stderr

    def start(self):
        self.refill()
        for name in NAMES:
            self.start_replica(name)
        self.adder.start()
        self.wait_calm()

    def replica(self, name):
        """The present one of this name."""
        return [r for r in self.group.replicas if r.name == name][-1]

    def leader(self):
        return self.group.leader()

    def follower(self):
        leader = self.leader()
        return next(r for r in self.live() if r is not leader)

    def a_worker(self):
        return next(r for r in self.live() if r.name != "a")

    def a_busy_worker(self):
        """Whoever is the next to report."""
        since = self.mark()

        def busy():
            return next((r for r in self.group.live() if r.name != "a" and
                         any(e["event"] == "acked" for e in r.events[since.get(r, 0):])), None)
        return self.group.wait(busy, "a worker to work")

    def live(self):
        return self.group.live()

    def kill(self, replica):
        self.struck.add(replica.name)
        replica.kill()

    def stop(self, replica):
        self.struck.add(replica.name)
        replica.stop()

    def restart(self, replica, **more):
        """What has ended comes again, and goes on in its history."""
        again = self.start_replica(replica.name, **more)
        again.wait(lambda r: r.slot, "to join")
        return again

    # ---- Waiting for what happens ----

    def mark(self):
        return {replica: len(replica.events) for replica in self.group.replicas}

    def wait_all(self, word, since, among=None):
        """Until each has told this event after its first since[replica] ones."""
        for replica in among or self.live():
            replica.wait(lambda r: any(e["event"] == word for e in r.events[since.get(r, 0):]), word)

    def wait_moved_from(self, replica):
        """Until the store knows nothing of its slot any more, and the others have every id that is kept."""
        slot, limit = replica.slot, time.monotonic() + LIMIT_S
        while True:
            done = self.allot("status", "-o", "json", "--timeout", "1s")
            if done.returncode == 0 and slot not in (s["slot"] for s in json.loads(done.stdout)["slots"]):
                break
            assert time.monotonic() < limit, f"the slot of {replica.name} is still there: {done.stderr}"
            time.sleep(0.05)
        self.group.wait(lambda: KEEPS == sum(name.startswith("keep-") for r in self.live() if r.slot != slot
                                             for name in r.held), f"others to have what {replica.name} had")

    def wait_up(self):
        """Until the store is there for all."""
        def up(replica):
            words = [e["event"] for e in replica.events if e["event"] in ("store_up", "store_down", "joined")]
            return words and words[-1] != "store_down"
        self.group.wait(lambda: all(up(r) for r in self.group.live()), "the store to be there for all")

    def wait_work(self, count=10):
        """Until so many further jobs are done."""
        def done():
            return sum(len(e["ids"]) for r in self.group.replicas for e in r.events if e["event"] == "acked")
        before = done()
        self.group.wait(lambda: done() >= before + count, f"{count} jobs to be done")

    def is_calm(self):
        """Nothing is on its way: by what the store says, and by what each replica says."""
        done = self.allot("status", "-o", "json", "--timeout", "1s")
        if done.returncode != 0:
            return False
        status = json.loads(done.stdout)
        with self.group.changed:
            live = self.group.live()
            words = [[e["event"] for e in r.events if e["event"] in ("store_up", "store_down", "joined", "fenced")]
                     for r in live]
            held = {name for r in live for name in r.held}
            undone = [name for r in live if r.name != "a" for name in r.held if name.startswith("job-")]
            slots = sorted(r.slot or "" for r in live)
        return (status["leader"] is not None and status["pool"]["inbox"] == 0 and not undone and
                sorted(slot["slot"] for slot in status["slots"]) == slots and
                all(slot["recalls"] == 0 and slot["expires_in_ms"] > 0 for slot in status["slots"]) and
                all(w and w[-1] in ("store_up", "joined") for w in words) and len(held) == status["pool"]["placed"])

    def wait_calm(self, resume=True):
        """No more is added meanwhile, and without `resume` also afterwards. Returns how long it took."""
        self.adder.pause()
        begin = time.monotonic()
        while not self.is_calm():
            if time.monotonic() - begin > CALM_LIMIT_S:
                told = {r.name: (r.running, r.slot, len(r.held), r.words()[-6:]) for r in self.group.replicas[-6:]}
                status = self.allot("status")
                raise AssertionError(f"no calm within {CALM_LIMIT_S} s: {(status.stdout + status.stderr).decode()} {told}")
            time.sleep(0.05)
        took_s = time.monotonic() - begin
        if resume:
            self.adder.resume()
        return took_s

    # ---- Proof ----

    def histories(self):
        return [path for path in map(self.history, ("adder", "operator", *NAMES)) if os.path.exists(path)]

    def verify(self, *flags):
        done = self.allot("verify", "-o", "json", *flags, *self.histories(), store=False, timeout=120)
        verdict = json.loads(done.stdout)
        broken = {rule for rule, count in verdict["violations"].items() if count}
        assert done.returncode in (0, 1) and broken <= set(self.setting.violates), \
            json.dumps([found["message"] for found in verdict["shown"]][:6], indent=1)
        return verdict

    def check_places(self):
        """Every id of the pool is where its owner believes that it is."""
        told = {i["id"]: i.get("token") for i in self.allot.json("ids") if i.get("slot")}
        held = {name: token for name, (_, token) in self.group.owners().items()}
        assert held == told, (sorted(set(held.items()) ^ set(told.items()))[:6])

    def _version(self):
        return self.allot.json("status")["version"]

    def prove(self, lost):
        """While they run, in calm, also meanwhile: a join that has just been seen may still move ids. Without loss of
        the store's data: that nothing is lost either."""
        limit = time.monotonic() + CALM_LIMIT_S
        while True:
            self.wait_calm(resume=False)
            before, wrong, verdict = self._version(), None, None
            try:
                self.check_places()
                verdict = self.verify(*([] if lost else ["--complete"]))
            except AssertionError as error:
                wrong = error
            if self.is_calm() and self._version() == before:
                break
            assert time.monotonic() < limit, "ids move on and on"
        if wrong:
            raise wrong
        self.adder.resume()
        return verdict

    def end(self):
        """All leave in order; what they have written is proved once more, and what they have logged is checked."""
        self.adder.close()
        for replica in self.live():
            assert replica.terminate() == 0, replica.errors()[-500:]
        if not self.setting.violates:
            self.group.check()
        return self.verify()

    def close(self):
        self.adder.close()
        self.group.close()
        for proxy in self.proxies.values():
            proxy.close()
        if self.server:
            if self.server.process.poll() is None:
                self.server.cont()
            self.server.kill()
        if self.setting.disk:
            subprocess.run(["umount", "-l", self.path], check=False)
        kept = os.environ.get("CHAOS_KEEP")
        if kept:
            shutil.copytree(self.home, os.path.join(kept, os.path.basename(self.home)), dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns("*.socket"))
        shutil.rmtree(self.home, ignore_errors=True)


def run_in(stage, one):
    """Injects one scenario into a calm group that runs. Returns its outcome, which is as it is expected."""
    stage.struck = set()
    since, deaths, begin_ns, failed = stage.mark(), len(stage.group.deaths), time.monotonic_ns(), stage.adder.failed
    refusal = one.inject(stage)
    calm_s = stage.wait_calm()
    seen = observe(stage, since, deaths, begin_ns)
    verdict = stage.prove(one.loses)
    broken = {rule: count for rule, count in verdict["violations"].items() if count}
    seen.update(broken=broken, calm_s=round(calm_s, 2), adds_failed=stage.adder.failed - failed, acks=verdict["acks"],
                grants=verdict["grants"], terms=verdict["terms"])
    kind = UNCOVERED if one.violates else REFUSED if refusal else DEGRADED if seen["fenced"] else SAFE
    outcome = {"scenario": one.name, "fault": one.fault, "backend": stage.backend, "outcome": kind,
               "message": refusal or "", "struck": len(stage.struck), "seen": seen}
    assert kind == one.expect, f"{kind}, but {one.expect} was expected: {outcome}"
    return outcome


def run(binary, backend, one):
    """One scenario in a group of its own."""
    stage = Stage(binary, backend, one)
    try:
        stage.start()
        stage.wait_work()
        outcome = run_in(stage, one)
        stage.end()
    finally:
        stage.close()
    return outcome


def is_root():
    return os.geteuid() == 0


def mount(options, path, *what):
    subprocess.run(["mount", "-o", options, *what, path], check=True)


def cont(replica):
    replica.signal(signal.SIGCONT)
