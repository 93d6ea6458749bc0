"""Modules by the command: what is refused, and strategies that lie once they are in use."""

import os
import shutil
import subprocess

import pytest

from replicas import LIMIT_S, clean_environment

TTL, TTL_S = "1s", 1.0

# Of tests/badmodules/modules; the exact messages are looked at there.
REFUSED = {
    "magic": "its magic is 0x1122334455667788, this library's is 0x656c75646f6d2b61",
    "abi": "its abi is 2, this library's is 1",
    "size": "its size is ",
    "wrong_kind": "it is a backend, a strategy is wanted",
    "no_kind": "its kind is 7, which is none; a strategy (2) is wanted",
    "no_name": "its name is missing, expected was 'no_name'",
    "wrong_name": "its name is 'right_name', expected was 'wrong_name'",
    "no_ops": "it has no ops",
    "ops_abi": "its ops' abi is ",
    "ops_size": "its ops' size is ",
    "ops_name": "its ops' name is 'another', expected was 'ops_name'",
    "ops_kind": "its strategy's kind is 9; it has to be from 1 to 3",
    "no_assign": "its ops lack the function assign()",
    "no_table": "it has 2 options, and no table of them",
    "bad_option": "its option 'speed': its default is no value that it may have",
    "no_function": "exports no function allot_module()",
    "no_info": "allot_module() returns no descriptor",
    "no_symbol": "cannot be loaded: undefined symbol: function_that_nobody_has",
    "paper": "No such file or directory",
    "": "expected the name of a module (1 to 64 of a-z 0-9 _ -), for example round_robin; got ''",
    "a/b": "got 'a/b'",
    "../good": "got '../good'",
    "Good": "got 'Good'",
    "x" * 65: "expected the name of a module",
}


@pytest.fixture(name="modules", scope="session")
def _modules(binary, tmp_path_factory):
    """The bad modules, in a place that nobody else can write to."""
    build = os.path.join(os.path.dirname(os.path.dirname(binary)), "tests", "badmodules", "modules")
    assert os.path.isdir(build), f"{build} was not built"
    path = tmp_path_factory.mktemp("modules")
    os.chmod(path, 0o700)
    for name in os.listdir(build):
        shutil.copyfile(os.path.join(build, name), path / name)
        os.chmod(path / name, 0o644)
    return os.fspath(path)


@pytest.mark.parametrize("strategy", REFUSED)
def test_a_strategy_is_refused(allot, modules, strategy):
    done = allot("run", "--strategy", strategy, "--modules", modules)
    assert done.returncode == 78
    assert REFUSED[strategy] in done.stderr.decode()
    assert not os.path.exists(allot.path), "a replica that cannot work has left something"


@pytest.mark.parametrize("name", ["wrong_kind", "ops_abi", "ops_size", "ops_name", "no_open", "no_submit", "no_process",
                                  "no_fd", "no_deadline", "no_close", "paper", "a/b"])
@pytest.mark.parametrize("verb", ["run", "status", "add"])
def test_a_backend_is_refused(binary, modules, name, verb):
    done = subprocess.run([binary, verb, "--backend", name, "--modules", modules], stdin=subprocess.DEVNULL,
                          env=clean_environment(), capture_output=True, check=False, timeout=LIMIT_S)
    assert done.returncode == 78 and name in done.stderr.decode()


def test_good_ones_are_taken(allot, modules):
    done = allot("run", "--strategy", "good", "--modules", modules, "--generate", "3", "--once")
    assert done.returncode == 0 and len(done.stdout.split()) == 3
    done = allot("status", "--backend", "good", "--modules", modules, store=False)
    assert done.returncode == 78  # what its open() says


@pytest.mark.parametrize("strategy", ["round_robin", "chunked", "hash"])
def test_what_comes_with_it(allot, group, strategy):
    """By name alone, from where it was built."""
    names = {f"id-{n}" for n in range(40)}
    group.start_many(2, "--strategy", strategy, "--ttl", TTL)
    group.leader()
    group.wait(lambda: all(r.slot for r in group.live()), "both")
    allot.add(sorted(names))
    group.wait_placed(names, even=strategy != "hash")
    assert allot.json("status")["strategy"] == strategy
    group.check()


@pytest.mark.parametrize("strategy, words", [
    ("out_of_range", "there are 2 slots"),
    ("leaves_out", "there are 2 slots"),
    ("hangs", "not finished after 2000 ms"),
    ("silent", "over a limit"),
    ("positive", "invalid argument"),
    ("outspoken", "xxxxxxxx"),
])
def test_a_strategy_that_lies(allot, group, modules, strategy, words):
    """It is reported; the last good split stays; the group goes on, and another leader repairs it."""
    first = {f"first-{n}" for n in range(10)}
    more = {f"more-{n}" for n in range(10)}
    liar = group.start("liar", "--strategy", strategy, "--modules", modules, "--ttl", TTL)
    liar.wait_event("leader")
    other = group.start("other", "--ttl", TTL)
    other.wait_event("joined")
    liar.wait(lambda r: len([e for e in r.events if e["event"] == "split"]) >= 2, "a split for both")
    allot.add(sorted(first))
    group.wait_placed(first)
    split = group.owners()
    allot.add(sorted(more))
    note = liar.wait(lambda r: next((e for e in r.events if e["event"] == "note" and words in e["message"]), None),
                     "a word on it")
    assert strategy in note["message"]
    with pytest.raises(AssertionError, match="waited"):
        group.wait(lambda: group.owners() != split or not liar.leads, "a change", limit_s=2 * TTL_S)
    assert allot.json("status")["pool"] == {"total": 20, "inbox": 10, "placed": 10, "parked": 0}
    assert liar.terminate() == 0
    group.wait_placed(first | more, among=[other])
    group.check()
