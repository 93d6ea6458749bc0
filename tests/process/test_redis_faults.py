"""Replicas on a Redis server that fails: they stop in time, come back by themselves, and nothing is lost or doubled."""

import os
import signal
import time

import pytest

from redis_server import RedisServer, missing
from replicas import Allot, Group, note

TTL_S = 1.5
NAMES = [f"name-{number}" for number in range(30)]


class Stage:
    """A server, and replicas on it."""

    def __init__(self, binary, home, *options):
        self.server = RedisServer(home, *options)
        self.allot = Allot(binary, self.server.path, ("--backend", "redis", "--url", self.server.url),
                           self.server)
        self.group = Group(self.allot, home)

    def start(self, count=3, ttl_s=TTL_S):
        """So many replicas that share NAMES."""
        self.allot.add(NAMES)
        replicas = self.group.start_many(count, "--ttl", f"{round(ttl_s * 1000)}ms")
        self.group.wait_placed(NAMES)
        return replicas

    def wait_all(self, word, since, limit_s=20.0):
        """Until each replica has told this event after its first since[replica] ones."""
        for replica in self.group.live():
            replica.wait(lambda r: any(e["event"] == word for e in r.events[since[r]:]), word, limit_s)

    def mark(self):
        return {replica: len(replica.events) for replica in self.group.live()}

    def close(self):
        self.group.close()
        self.server.kill()


@pytest.fixture
def stage(binary, home):
    if missing(binary):
        pytest.skip(missing(binary))
    stages = []

    def begin(*options):
        stages.append(Stage(binary, home, *options))
        return stages[-1]

    yield begin
    for one in stages:
        one.close()


def _words_since(replica, since):
    return [event["event"] for event in replica.events[since[replica]:]]


def _check_went_out(replica, since, down_ns):
    """It said that the store is down, then that it is at risk, and gave up all it held at its deadline, not later."""
    words = _words_since(replica, since)
    order = [words.index(word) for word in ("store_down", "at_risk", "lost", "fenced")]
    assert order == sorted(order), words
    fenced = next(e for e in replica.events[since[replica]:] if e["event"] == "fenced")
    assert fenced["mono_ns"] - down_ns <= TTL_S * 1e9
    assert not replica.held


def _check_tokens_grew(before, group):
    after = group.owners()
    assert after and all(after[name][1] > before[name][1] for name in after if name in before)


AOF = ("--appendonly", "yes", "--appendfsync", "everysec")


def test_the_server_dies_and_comes_back_with_all_its_data(stage):
    stage = stage(*AOF)
    replicas = stage.start()
    before, since, down_ns = stage.group.owners(), stage.mark(), time.monotonic_ns()
    stage.server.kill()
    stage.wait_all("fenced", since)
    for replica in replicas:
        _check_went_out(replica, since, down_ns)
    life, since, up_ns = None, stage.mark(), time.monotonic_ns()
    stage.server.start()
    stage.wait_all("store_up", since)
    stage.wait_all("joined", since)
    took_ms = (stage.group.wait_placed(NAMES) - up_ns) / 1e6
    note(f"the server is back: every id is owned again after {took_ms:.0f} ms")
    life = stage.allot.json("status")["life"]
    assert life and stage.allot.json("status")["pool"]["total"] == len(NAMES)
    _check_tokens_grew(before, stage.group)
    stage.group.check()


def test_a_short_restart_is_hardly_noticed(stage):
    """Within the lease: nobody loses or moves anything."""
    stage = stage(*AOF)
    replicas = stage.start(ttl_s=6)
    before, since = stage.group.owners(), stage.mark()
    stage.server.kill()
    stage.server.start()
    version = stage.allot.json("status")["version"]
    assert stage.allot.add(["one-more"]) == {"added": 1, "present": 0, "refused": 0}
    stage.group.wait_placed([*NAMES, "one-more"])
    assert stage.allot.json("status")["version"] > version
    assert {name: owner for name, owner in stage.group.owners().items() if name in before} == before
    assert all(word not in _words_since(r, since) for r in replicas for word in ("lost", "fenced", "joined"))
    stage.group.check()


def test_the_server_comes_back_with_an_old_snapshot(stage):
    """A new life: everybody joins anew, terms and tokens go on growing, what the snapshot has is placed again."""
    stage = stage()
    stage.start(2)
    assert stage.server.ask("SAVE") == "OK"
    stage.allot.add(["later"])
    stage.group.wait_placed([*NAMES, "later"])
    new = stage.group.start("late", "--ttl", f"{round(TTL_S * 1000)}ms")
    stage.group.wait_placed([*NAMES, "later"])
    assert new.held
    before, life = stage.group.owners(), stage.allot.json("status")["life"]
    since = stage.mark()
    stage.server.kill()
    stage.server.start()
    stage.wait_all("joined", since)
    stage.group.wait_placed(NAMES)
    status = stage.allot.json("status")
    assert status["life"] != life and status["pool"]["total"] == len(NAMES)
    _check_tokens_grew(before, stage.group)
    stage.group.check()


@pytest.mark.parametrize("how", ["killed", "flushed"])
def test_the_server_loses_everything(stage, how):
    stage = stage()
    stage.start()
    before, life, since = stage.group.owners(), stage.allot.json("status")["life"], stage.mark()
    if how == "flushed":
        assert stage.server.ask("FLUSHALL") == "OK"
    else:
        stage.server.kill()
        stage.server.start()
    stage.wait_all("joined", since)
    stage.wait_all("lost", since)
    assert stage.allot.add(NAMES) == {"added": len(NAMES), "present": 0, "refused": 0}
    stage.group.wait_placed(NAMES)
    assert stage.allot.json("status")["life"] != life
    _check_tokens_grew(before, stage.group)
    stage.group.check()


@pytest.mark.parametrize("who", ["a beat", "an add"])
def test_the_server_loses_the_state_alone(stage, who):
    """As by eviction. What is left has no counters any more: a new life begins without it, so that what is added is
    placed again."""
    stage = stage()
    replicas = stage.start()
    since = stage.mark()
    if who == "an add":  # nobody else may speak before it
        for replica in replicas:
            replica.stop()
    assert stage.server.ask("DEL allot:{default}:state") == "1"
    if who == "an add":
        assert stage.allot.add(NAMES) == {"added": len(NAMES), "present": 0, "refused": 0}
        for replica in replicas:
            replica.signal(signal.SIGCONT)
    stage.wait_all("joined", since)
    if who == "a beat":
        assert stage.allot.add(NAMES) == {"added": len(NAMES), "present": 0, "refused": 0}
    stage.group.wait_placed(NAMES)
    assert stage.allot.json("status")["pool"] == {"total": len(NAMES), "inbox": 0, "placed": len(NAMES), "parked": 0}
    left = set(stage.server.ask_all("HKEYS allot:{default}:seg"))
    assert left == set(stage.server.ask_all("HKEYS allot:{default}:live"))


def test_the_server_is_stopped_for_longer_than_a_lease(stage):
    """What it was sent meanwhile it carries out when it goes on: the beats and acks of yesterday do no harm."""
    stage = stage()
    replicas = stage.start()
    before, since, down_ns = stage.group.owners(), stage.mark(), time.monotonic_ns()
    stage.server.stop()
    stage.wait_all("fenced", since)
    for replica in replicas:
        _check_went_out(replica, since, down_ns)
    since = stage.mark()
    stage.server.cont()
    stage.wait_all("joined", since)
    stage.group.wait_placed(NAMES)
    assert stage.allot.json("status")["pool"]["total"] == len(NAMES)
    _check_tokens_grew(before, stage.group)
    stage.group.check()


def test_the_server_is_stopped_for_less_than_a_lease(stage):
    stage = stage()
    replicas = stage.start(ttl_s=6)
    before, since = stage.group.owners(), stage.mark()
    stage.server.stop()
    stage.wait_all("store_down", since)
    stage.server.cont()
    stage.wait_all("store_up", since)
    assert stage.group.owners() == before
    assert all(word not in _words_since(r, since) for r in replicas for word in ("lost", "fenced", "joined"))
    stage.group.check()


def test_the_server_forgets_its_scripts(stage):
    stage = stage()
    replicas = stage.start(ttl_s=6)
    since = stage.mark()
    for number in range(3):
        assert stage.server.ask("SCRIPT FLUSH") == "OK"
        assert stage.allot.add([f"more-{number}"])["added"] == 1
    stage.group.wait_placed([*NAMES, "more-0", "more-1", "more-2"])
    words = [word for r in replicas for word in _words_since(r, since)]
    assert not {"store_down", "lost", "fenced"} & set(words)
    stage.group.check()


def test_the_server_is_full(stage):
    """Who has something keeps it; nothing can be added; once there is room again, all goes on."""
    stage = stage()
    replicas = stage.start()
    since = stage.mark()
    assert stage.server.ask("CONFIG SET maxmemory 1") == "OK"
    done = stage.allot("add", "--timeout", "1s", stdin=b"one-more\n")
    assert done.returncode in (1, 5) and b"OOM" in done.stderr
    time.sleep(1.5 * TTL_S)  # a lease goes by, which the beats renew
    assert all(not {"lost", "fenced", "joined"} & set(_words_since(r, since)) for r in replicas)
    assert stage.server.ask("CONFIG SET maxmemory 0") == "OK"
    stage.allot.add(["one-more"])
    stage.group.wait_placed([*NAMES, "one-more"])
    stage.group.check()


def test_the_server_becomes_a_replica_and_a_master_again(stage):
    stage = stage()
    replicas = stage.start()
    since, down_ns = stage.mark(), time.monotonic_ns()
    assert stage.server.ask("REPLICAOF 127.0.0.1 1") == "OK"
    done = stage.allot("add", "--timeout", "1s", stdin=b"one-more\n")
    assert done.returncode == 5 and b"READONLY" in done.stderr
    stage.wait_all("fenced", since)
    for replica in replicas:
        _check_went_out(replica, since, down_ns)
    since = stage.mark()
    assert stage.server.ask("REPLICAOF NO ONE") == "OK"
    stage.wait_all("joined", since)
    stage.group.wait_placed(NAMES)
    stage.group.check()


def test_somebody_elses_data_under_our_names(stage):
    stage = stage()
    replicas = stage.start()
    since = stage.mark()
    stage.server.take_place("allot:{default}:state", "mine")
    for verb in ("status", "ids"):
        done = stage.allot(verb, "--timeout", "1s")
        assert done.returncode in (1, 5) and b"WRONGTYPE" in done.stderr
    stage.wait_all("fenced", since)
    assert not any(replica.held for replica in replicas)
    assert stage.server.ask("GET allot:{default}:state") == "mine"
    since = stage.mark()
    stage.server.ask("RENAME kept allot:{default}:state")
    stage.wait_all("joined", since)
    stage.group.wait_placed(NAMES)
    stage.group.check()


@pytest.mark.parametrize("verb", ["status", "ids", "leader", "generate", "add", "clean"])
def test_one_shot_verbs_without_a_server(stage, verb):
    stage = stage()
    stage.allot.add(["x"])
    more = {"generate": ("1",), "clean": ("--yes",)}.get(verb, ())
    stage.server.stop()
    begin = time.monotonic()
    done = stage.allot(verb, *more, "--timeout", "500ms", stdin=b"y\n")
    assert done.returncode == 5 and stage.server.path in done.stderr.decode()
    assert time.monotonic() - begin < 5
    stage.server.cont()
    stage.server.kill()
    done = stage.allot(verb, *more, stdin=b"y\n")
    assert done.returncode == 5 and b"Connection refused" in done.stderr


def test_a_server_that_lets_nobody_in(stage, home):
    stage = stage("--requirepass", "secret")
    done = stage.allot("status", "--timeout", "1s")
    assert done.returncode == 5 and b"NOAUTH" in done.stderr
    password = os.path.join(home, "password")
    for text, code, message in (("wrong", 5, b"WRONGPASS"), ("secret", 3, b"no group here")):
        with open(password, "w", encoding="utf-8") as file:
            file.write(f"{text}\n")
        done = stage.allot("status", "--timeout", "1s", "--backend-option", f"password_file={password}")
        assert done.returncode == code and message in done.stderr and text.encode() not in done.stderr
