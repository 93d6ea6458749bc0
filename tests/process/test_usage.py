"""How the command is called: verbs, options, environment, and what is wrong with them."""

import json
import os
import re
import subprocess

import pytest

from replicas import clean_environment

READERS = ["status", "slots", "leader", "ids", "db"]


def test_no_verb(allot):
    done = subprocess.run([allot.binary], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2 and not done.stdout and b"Usage: allot VERB" in done.stderr


def test_help_names_every_verb(allot):
    text = allot("help", store=False).stdout.decode()
    for verb in [*READERS, "run", "demo", "add", "generate", "clean", "version", "help"]:
        assert re.search(rf"^  {verb}\b", text, re.M), verb
    assert allot("--help", store=False).stdout.decode() == text


def test_help_of_a_verb_names_its_options_and_environment(allot):
    text = allot("help", "run", store=False).stdout.decode()
    for flag, env in [("--ttl DURATION", "ALLOT_TTL"), ("--path DIR", "ALLOT_PATH"), ("--once", "ALLOT_ONCE")]:
        assert flag in text and f"[{env}]" in text
    assert allot("run", "--help", store=False).stdout.decode() == text


@pytest.mark.parametrize("arguments, message", [
    (["stats"], "unknown verb 'stats'; did you mean 'status'?"),
    (["frobnicate"], "unknown verb 'frobnicate'; see 'allot help'"),
    (["run", "--tll", "5s"], "unknown option '--tll'; did you mean '--ttl'?"),
    (["run", "--ttl", "10"], "--ttl: expected a duration with a unit, for example 10s; got '10'"),
    (["run", "--ttl", "10parsecs"], "--ttl: expected a duration with a unit, for example 10s; got '10parsecs'"),
    (["run", "--ttl=100ms"], "--ttl: expected 1s to 24h; got '100ms'"),
    (["run", "--weight", "0"], "--weight: expected 1 to 1000; got '0'"),
    (["run", "--on-timeout", "maybe"], "--on-timeout: expected one of keep|retire; got 'maybe'"),
    (["run", "--backend-option", "fsync"],
     "--backend-option: expected KEY=VALUE, for example fsync=always; got 'fsync'"),
    (["run", "--ttl"], "--ttl: needs a value: DURATION"),
    (["run", "--once=yes"], "--once: takes no value; got 'yes'"),
    (["status", "--ttl", "5s"], "'allot status' has no option --ttl; see 'allot help status'"),
    (["status", "-o", "xml"], "-o: expected one of table|json|jsonl; got 'xml'"),
    (["status", "extra"], "unexpected argument 'extra'; see 'allot help status'"),
    (["generate"], "'allot generate' needs N"),
    (["generate", "many"], "N: expected a number from 0 to 10000000; got 'many'"),
    (["ids", "--slot", "x"], "--slot: expected a UUID; got 'x'"),
    (["--ttl", "5s"], "the verb comes first, options after it: allot VERB --ttl ...; see 'allot help'"),
])
def test_wrong_usage_is_2(allot, arguments, message):
    done = allot(*arguments, store=False)
    assert done.returncode == 2 and not done.stdout
    assert done.stderr.decode().splitlines()[0] == f"error: {message}"


def test_all_wrong_options_are_named_at_once(allot):
    done = allot("run", "--ttl", "1", "--settle", "2", store=False)
    assert [line.split(":")[1] for line in done.stderr.decode().splitlines()] == [" --ttl", " --settle"]


def test_a_wrong_environment_is_78_and_a_flag_beats_it(allot, home):
    env = clean_environment(ALLOT_TIMEOUT="5")
    done = allot("status", env=env)
    assert done.returncode == 78
    assert done.stderr.decode() == "error: ALLOT_TIMEOUT: expected a duration with a unit, for example 10s; got '5'\n"
    allot.add(["x"])
    done = subprocess.run([allot.binary, "ids", "--path", allot.path], stdout=subprocess.PIPE, check=True,
                          env=clean_environment(ALLOT_PATH=os.path.join(home, "elsewhere")))
    assert done.stdout == b"x\n"


@pytest.mark.parametrize("name", ["ALLOT_PATH", "ALLOT_BACKEND_FILE_PATH"])
def test_the_path_from_the_environment(allot, name):
    allot.add(["x"])
    done = allot("ids", store=False, env=clean_environment(**{name: allot.path}))
    assert done.stdout == b"x\n"


def test_without_a_path_the_store_is_here(allot, home):
    allot("add", "-", stdin=b"x\n", store=False, cwd=home)
    assert allot("ids", store=False, cwd=home).stdout == b"x\n"
    assert os.path.isdir(os.path.join(home, ".allot"))


def test_version(allot):
    text = allot("version", store=False).stdout.decode()
    assert re.fullmatch(r"allot \d+\.\d+\.\d+\n", text)
    assert json.loads(allot("version", "-o", "json", store=False).stdout) == {"version": text.split()[1]}


def test_an_unknown_backend_is_78(allot):
    done = allot("status", "--backend", "paper", store=False)
    assert done.returncode == 78 and b"paper" in done.stderr


def test_an_unknown_option_of_the_backend_is_78(allot):
    done = allot("generate", "1", "--backend-option", "colour=red")
    assert done.returncode == 78 and b"colour" in done.stderr


def test_an_unknown_strategy_is_78(allot):
    done = allot("run", "--strategy", "paper")
    assert done.returncode == 78 and b"paper" in done.stderr


def test_a_group_that_is_no_name_is_78(allot):
    done = allot("generate", "1", "--group", "../x")
    assert done.returncode == 78 and b"group" in done.stderr


def test_a_name_that_is_too_long_is_78(allot):
    done = allot("run", "--name", "x" * 129)
    assert done.returncode == 78 and b"name" in done.stderr and b"128" in done.stderr
