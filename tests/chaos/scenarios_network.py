"""What networks do between a replica and its server: each has a proxy of its own."""

import time

from frame import DEGRADED, REDIS, SAFE, TTL_S, cont, scenario
from steps import until_fenced


def _every(stage, word, *more):
    for proxy in stage.proxies.values():
        proxy(word, *more)


def _out_and_back(stage, replicas, *words):
    """Nothing reaches them beyond their leases; then all is well again. They are struck unless all are."""
    def out():
        for replica in replicas:
            for word in words:
                stage.proxies[replica.name](word)
        if len(replicas) == 1:
            stage.wait_moved_from(replicas[0])
    if len(replicas) < len(stage.live()):
        stage.struck.update(r.name for r in replicas)
    until_fenced(stage, out, lambda: _every(stage, "heal"), replicas)


@scenario("every answer comes 150 ms late", REDIS, expect=SAFE, proxied=True)
def network_slow(stage):
    _every(stage, "delay", 75_000)
    stage.wait_work(20)
    _every(stage, "heal")


@scenario("every answer comes later than the lease lasts", REDIS, expect=DEGRADED, proxied=True, again=False)
def network_slower_than_the_lease(stage):
    until_fenced(stage, lambda: _every(stage, "delay", round(TTL_S * 1e6)), lambda: _every(stage, "heal"))


@scenario("a link of 6,000 bytes a second", REDIS, expect=SAFE, proxied=True, ttl_s=4.0)
def network_narrow(stage):
    _every(stage, "limit", 6000)
    stage.wait_work(20)
    _every(stage, "heal")


@scenario("half-open: nothing passes any more between the leader and the server, and nobody is told", REDIS,
          expect=SAFE, proxied=True, quick=True)
def leader_half_open(stage):
    _out_and_back(stage, [stage.leader()], "hang")


@scenario("half-open: the same for a follower", REDIS, expect=SAFE, proxied=True)
def follower_half_open(stage):
    _out_and_back(stage, [stage.follower()], "hang")


@scenario("half-open: the same for all", REDIS, expect=DEGRADED, proxied=True)
def all_half_open(stage):
    _out_and_back(stage, stage.live(), "hang")


@scenario("the leader's requests arrive and are carried out, and no answer comes back", REDIS, expect=SAFE,
          proxied=True, quick=True)
def leader_answers_lost(stage):
    _out_and_back(stage, [stage.leader()], "hang-replies")


@scenario("requests of all arrive and are carried out, and no answer comes back", REDIS, expect=DEGRADED, proxied=True)
def all_answers_lost(stage):
    _out_and_back(stage, stage.live(), "hang-replies")


@scenario("the leader is cut off: its connections are reset, new ones as well", REDIS, expect=SAFE, proxied=True)
def leader_cut_off(stage):
    _out_and_back(stage, [stage.leader()], "refuse", "reset")


@scenario("all are cut off: their connections are reset, new ones as well", REDIS, expect=DEGRADED, proxied=True)
def all_cut_off(stage):
    _out_and_back(stage, stage.live(), "refuse", "reset")


@scenario("every connection is reset, twenty times", REDIS, expect=SAFE, proxied=True, ttl_s=4.0)
def connections_reset(stage):
    for _ in range(20):
        stage.wait_up()
        _every(stage, "reset")
        stage.wait_work(1)


def _cut_often(stage, word):
    """Each time somewhere else."""
    for number in range(12):
        stage.wait_up()
        for proxy in stage.proxies.values():
            proxy(word, 1 + 61 * number)
        stage.wait_work(2)
    _every(stage, "heal")


@scenario("a connection is reset in the middle of a request, at 12 places", REDIS, expect=SAFE, proxied=True, ttl_s=4.0)
def requests_cut(stage):
    _cut_often(stage, "cut-requests")


@scenario("a connection is reset in the middle of an answer, at 12 places", REDIS, expect=SAFE, proxied=True, ttl_s=4.0,
          quick=True)
def answers_cut(stage):
    _cut_often(stage, "cut-replies")


def _replace_often(stage, *answers):
    """Instead of single answers, of whatever they are answers to."""
    for number, answer in enumerate(answers * 4):
        stage.wait_up()
        for proxy in stage.proxies.values():
            proxy("replace-reply", number % 3, answer)
        stage.wait_work(1)
    _every(stage, "heal")


@scenario("an answer is swallowed, twelve times: what follows is one behind", REDIS, expect=SAFE, proxied=True,
          ttl_s=4.0)
def answers_swallowed(stage):
    _replace_often(stage, b"", b"", b"")


@scenario("garbage in the place of an answer", REDIS, expect=SAFE, proxied=True, ttl_s=4.0)
def answers_garbled(stage):
    _replace_often(stage, b"\0\xff\x7f garbage\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"*3\r\n:1\r\n$-7\r\n")


@scenario("an answer that announces two gigabytes, or a million nested arrays", REDIS, expect=SAFE, proxied=True,
          ttl_s=4.0)
def answers_huge(stage):
    _replace_often(stage, b"$2147483000\r\n", b"*1048576\r\n" + b"*1\r\n" * 20, b"*-99\r\n")


@scenario("an answer that nobody asked for comes before another", REDIS, expect=SAFE, proxied=True, ttl_s=4.0)
def answers_one_too_many(stage):
    for number in range(12):
        for proxy in stage.proxies.values():
            proxy("inject", 0, (b"+OK\r\n", b":1\r\n", b"$-1\r\n", b"*0\r\n")[number % 4])
        stage.wait_work(1)
    _every(stage, "heal")


@scenario("an answer of the wrong form: a number, nil, an empty array", REDIS, expect=SAFE, proxied=True, ttl_s=4.0)
def answers_of_another_form(stage):
    _replace_often(stage, b":7\r\n", b"$-1\r\n", b"*0\r\n")


@scenario("errors in the place of answers: LOADING, BUSY, READONLY, MASTERDOWN, NOREPLICAS, MISCONF, OOM, CLUSTERDOWN, "
          "TRYAGAIN, MOVED, ASK, NOPERM", REDIS, expect=SAFE, proxied=True, quick=True)
def answers_are_errors(stage):
    for word in (b"LOADING Redis is loading", b"BUSY Redis is busy", b"READONLY You can't write", b"MASTERDOWN Link",
                 b"NOREPLICAS Not enough", b"MISCONF Redis is configured", b"OOM command not allowed",
                 b"CLUSTERDOWN The cluster", b"TRYAGAIN Multiple keys", b"MOVED 1 127.0.0.1:1", b"ASK 1 127.0.0.1:1",
                 b"NOPERM this user"):
        for proxy in stage.proxies.values():
            proxy("replace-reply", 0, b"-" + word + b"\r\n")
        stage.wait_work(1)
    _every(stage, "heal")


@scenario("the leader is stopped with its requests under way, which the network delivers when its lease is over", REDIS,
          expect=SAFE, proxied=True)
def requests_late(stage):
    victim = stage.leader()
    proxy, old = stage.proxies[victim.name], victim.slot
    stage.struck.add(victim.name)
    proxy("delay", round((TTL_S + 1) * 1e6))
    time.sleep(TTL_S / 3)  # a beat is under way
    stage.stop(victim)
    stage.wait_moved_from(victim)
    time.sleep(TTL_S)  # it arrives
    proxy("heal")
    cont(victim)
    victim.wait(lambda r: r.slot != old, "to join anew")
