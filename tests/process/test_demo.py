"""`allot demo`: tells the story, checks it, leaves nothing behind."""

import os
import re
import signal
import subprocess
import time

import pytest

from replicas import LIMIT_S, clean_environment


@pytest.fixture
def scratch(home):
    """Where the demo makes its directory."""
    return clean_environment(TMPDIR=home)


def _demo(binary, env, *arguments):
    return subprocess.run([binary, "demo", *arguments], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, check=False, text=True)


def test_the_story(binary, scratch, home):
    done = _demo(binary, scratch)
    assert done.returncode == 0, done.stdout + done.stderr
    story = done.stdout
    assert "3 replicas start" in story
    assert len(re.findall(r"ms  replica-\d joined, as slot [0-9a-f]{8}", story)) == 3
    assert len(re.findall(r"ms  replica-\d leads, in term \d+", story)) == 2
    assert re.search(r"split: 30 ids over 3 replicas, by round_robin", story)
    assert re.search(r"kill -9 replica-\d, the leader with 10 ids\. Its lease runs for 2 s;", story)
    assert re.search(r"the 10 orphaned ids have new owners; the other 20 were not touched", story)
    assert sorted(re.findall(r"replica-\d +(\d+ ids|dead)", story)) == ["10 ids"] * 3 + ["15 ids"] * 2 + ["dead"]
    assert "No id ever had two owners, and each has one now." in story
    assert "\033" not in story
    assert not _left(home)


@pytest.mark.parametrize("strategy", ["chunked", "hash"])
def test_another_strategy(binary, scratch, home, strategy):
    done = _demo(binary, scratch, "--strategy", strategy, "--ids", "20")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"split: 60 ids over 3 replicas, by {strategy}" in done.stdout
    assert "No id ever had two owners, and each has one now." in done.stdout
    assert not _left(home)


def test_each_leader_has_a_larger_term(binary, scratch):
    terms = [int(term) for term in re.findall(r"in term (\d+)", _demo(binary, scratch).stdout)]
    assert len(terms) == 2 and terms[0] < terms[1]


def test_the_hand_over_does_not_wait_for_the_lease(binary, scratch):
    story = _demo(binary, scratch, "--ttl", "30s", "-n", "4", "--ids", "25").stdout
    after = float(re.search(r"([\d.]+) ms  the 25 orphaned ids have new owners", story).group(1))
    assert after < 2000


def test_the_environment_does_not_reach_its_replicas(binary, scratch):
    done = _demo(binary, {**scratch, "ALLOT_ONCE": "true", "ALLOT_GROUP": "other", "ALLOT_PATH": "/nowhere"})
    assert done.returncode == 0, done.stdout + done.stderr


def test_keep(binary, scratch, home):
    done = _demo(binary, scratch, "--keep")
    assert done.returncode == 0, done.stderr
    path = re.search(r"allot status --path (\S+) --group demo", done.stdout).group(1)
    assert os.path.dirname(path) == home
    status = subprocess.run([binary, "status", "--path", path, "--group", "demo"], stdout=subprocess.PIPE, check=True)
    assert b"30 ids" in status.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_ended_by_a_signal_leaves_no_process(binary, scratch, home, number):
    demo = subprocess.Popen([binary, "demo", "--ids", "1000", "-n", "3"], env=scratch, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + LIMIT_S
        while len(_children(demo.pid)) < 3:
            assert time.monotonic() < deadline and demo.poll() is None
            time.sleep(0.002)
        children = _children(demo.pid)
        demo.send_signal(number)
        code = demo.wait(LIMIT_S)
    finally:
        demo.kill()
        demo.wait()
    assert code == (-number if number == signal.SIGKILL else 128 + number)
    while any(os.path.exists(f"/proc/{pid}") and not _is_zombie(pid) for pid in children):
        assert time.monotonic() < deadline
        time.sleep(0.002)
    assert number == signal.SIGKILL or not _left(home)


def _left(home):
    return [name for name in os.listdir(home) if name.startswith("allot-")]


def _children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return file.read().split()
    except FileNotFoundError:
        return []


def _is_zombie(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True
