"""The command on a Redis server: the verbs, the demo, and the module that it is loaded from."""

import os
import re
import shutil
import signal
import subprocess

import pytest

from redis_server import RedisServer, is_installed, program
from replicas import LIMIT_S, Group, clean_environment

pytestmark = pytest.mark.skipif(not is_installed(), reason="redis-server is missing")


@pytest.fixture
def module(binary):
    path = os.path.join(os.path.dirname(os.path.dirname(binary)), "allot", "allot_backend_redis.so")
    if not os.path.exists(path):
        pytest.skip("hiredis was missing when this was built")
    return path


@pytest.fixture
def server(module, home):  # pylint: disable=unused-argument
    """It keeps nothing."""
    one = RedisServer(home)
    yield one
    one.kill()


@pytest.fixture
def url(server):
    return server.url


@pytest.fixture
def on_redis(monkeypatch, url):
    """Everything that is started from here on uses the server, by what the environment says."""
    def environment(**more):
        return clean_environment(ALLOT_BACKEND_TYPE="redis", ALLOT_BACKEND_REDIS_URL=url, **more)
    monkeypatch.setattr("replicas.clean_environment", environment)
    return environment


def _allot(binary, *arguments, env=None, cwd=None):
    return subprocess.run([binary, *arguments], env=env or clean_environment(), stdin=subprocess.DEVNULL, cwd=cwd,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT_S, check=False, text=True)


def test_verbs(binary, url):
    place = ("--backend", "redis", "--url", url)
    assert _allot(binary, "generate", "1500", *place).returncode == 0
    assert len(_allot(binary, "ids", *place).stdout.split()) == 1500
    assert "1500 ids: 0 placed, 1500 in the inbox" in _allot(binary, "status", *place).stdout
    assert _allot(binary, "status", *place, "--group", "other").returncode == 3
    assert _allot(binary, "leader", *place).returncode == 3
    assert _allot(binary, "clean", "--yes", *place).returncode == 0
    assert _allot(binary, "ids", "--backend", "redis", "--backend-option", f"url={url}").stdout == ""


def test_keys_are_where_they_are_said_to_be(binary, server):
    place = ("--backend", "redis", "--url", server.url)
    assert _allot(binary, "generate", "3", *place, "--group", "g").returncode == 0
    assert all(key.startswith("allot:{g}:") for key in server.ask_all("KEYS *"))
    assert server.ask("HLEN allot:{g}:db") == "3"
    assert _allot(binary, "generate", "4", *place, "--backend-option", "key_prefix=").returncode == 0
    assert server.ask("HLEN db") == "4"
    assert all(server.ask(f"TTL {key}") == "-1" for key in server.ask_all("KEYS *"))


def test_replicas_hand_over(allot, home, on_redis):
    del on_redis
    group = Group(allot, home)
    try:
        a = group.start("a")
        assert allot.add([f"id-{i}" for i in range(100)])["added"] == 100
        a.wait(lambda r: len(r.held) == 100, "all ids")
        b = group.start("b")
        b.wait(lambda r: len(r.held) == 50, "its half")
        a.process.send_signal(signal.SIGTERM)
        b.wait(lambda r: len(r.held) == 100, "what the other has left")
    finally:
        group.close()


def test_demo(binary, module, home):
    del module
    done = _allot(binary, "demo", "--backend", "redis", "--ttl", "1s", env=clean_environment(TMPDIR=home))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Its lease runs for 1 s, and nobody may take its place before", done.stdout)
    assert "No id ever had two owners, and each has one now." in done.stdout
    assert os.listdir(home) == []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                assert not os.readlink(f"/proc/{entry}/cwd").startswith(home), "the server was left behind"
            except OSError:
                continue


def test_the_demo_starts_the_server_that_the_environment_names(binary, module, home):
    del module
    with open(os.path.join(home, "server"), "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\n: >"{home}/was-started"\nexec "{shutil.which(program())}" "$@"\n')
    os.chmod(file.name, 0o700)
    for name, directory in ((file.name, "/"), ("./server", home)):
        done = _allot(binary, "demo", "--backend", "redis", "--ttl", "1s", env=clean_environment(REDIS_SERVER=name),
                      cwd=directory)
        assert done.returncode == 0, done.stdout + done.stderr
        os.remove(os.path.join(home, "was-started"))


def test_the_demo_without_a_server(binary, module, home):
    del module
    for name in ("no-such-server", f"{home}/no-such-server"):
        done = _allot(binary, "demo", "--backend", "redis", env=clean_environment(REDIS_SERVER=name))
        assert done.returncode == 1 and f"{name} could not be started; is it installed?" in done.stderr
        assert "REDIS_SERVER" in done.stderr


def test_a_server_that_is_not_there(binary, module, home):
    del module
    done = _allot(binary, "status", "--backend", "redis", "--url", f"unix://{home}/nothing")
    assert done.returncode == 5 and f"{home}/nothing" in done.stderr


@pytest.mark.parametrize("option, message", [("urll=x", "url, key_prefix"), ("url=http://x", "url"),
                                             ("password_file=/nowhere", "/nowhere")])
def test_options_are_checked(binary, module, option, message):
    del module
    done = _allot(binary, "status", "--backend", "redis", "--backend-option", option)
    assert done.returncode == 78 and message in done.stderr


def _refusal(binary, directory):
    done = _allot(binary, "status", "--backend", "redis", "--modules", directory)
    assert done.returncode == 78
    return done.stderr


def test_a_module_from_another_directory(binary, module, url, home):
    shutil.copy(module, home)
    done = _allot(binary, "status", "--backend", "redis", "--url", url, "--modules", home)
    assert done.returncode == 3 and "no group here" in done.stderr


def test_refused_modules(binary, module, home):
    path = os.path.join(home, "allot_backend_redis.so")
    assert f"{path}: No such file" in _refusal(binary, home)
    shutil.copy(module, path)
    os.chmod(path, 0o666)
    assert f"{path} can be written by others (mode 0666)" in _refusal(binary, home)
    os.chmod(path, 0o644)
    os.chmod(home, 0o777)
    assert f"{home} can be written by others (mode 0777)" in _refusal(binary, home)
    os.chmod(home, 0o700)
    os.rename(path, f"{path}.real")
    os.symlink(f"{path}.real", path)
    assert path in _refusal(binary, home)
    os.remove(path)
    with open(path, "w", encoding="utf-8") as file:
        file.write("no module")
    assert "cannot be loaded" in _refusal(binary, home)


@pytest.mark.skipif(shutil.which("readelf") is None, reason="readelf is missing")
def test_a_module_stays_loaded(module):
    """A thread of its own that still looks a name up may outlive every handle."""
    done = subprocess.run(["readelf", "--dynamic", module], stdout=subprocess.PIPE, check=True, text=True)
    assert re.search(r"FLAGS_1.*NODELETE", done.stdout)


def test_a_module_that_is_another(binary, module, home):
    shutil.copy(module, os.path.join(home, "allot_backend_other.so"))
    done = _allot(binary, "status", "--backend", "other", "--modules", home)
    assert done.returncode == 78 and "its name is 'redis', expected was 'other'" in done.stderr
