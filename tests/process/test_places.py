"""Places for the store that cannot or must not be used, and journals that are damaged."""

import os
import re
import resource
import subprocess

import pytest

ROOT = os.geteuid() == 0


def _journal(allot):
    return os.path.join(allot.path, "default", "journal")


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o705])
@pytest.mark.parametrize("verb", ["generate", "status", "run"])
def test_open_to_others(allot, mode, verb):
    os.mkdir(allot.path)
    os.chmod(allot.path, mode)
    done = allot(verb, *(["1"] if verb == "generate" else []))
    assert done.returncode == 78 and not done.stdout
    assert f"{allot.path}: open to others" in done.stderr.decode() and b"chmod 700" in done.stderr


def test_a_store_made_here_is_private(allot):
    allot.add(["x"])
    for folder, _, files in os.walk(allot.path):
        assert os.stat(folder).st_mode & 0o077 == 0
        assert all(os.stat(os.path.join(folder, name)).st_mode & 0o077 == 0 for name in files)


def test_the_directory_above_is_not_there(allot, home):
    allot.path = os.path.join(home, "no", "store")
    done = allot("generate", "1")
    assert done.returncode == 78 and f"{allot.path}: cannot be created" in done.stderr.decode()
    assert os.listdir(home) == []


def test_a_file_in_place_of_the_directory(allot):
    with open(allot.path, "wb"):
        pass
    for verb in ("status", "run"):
        done = allot(verb)
        assert done.returncode == 78 and allot.path in done.stderr.decode()


def test_a_symbolic_link_in_place_of_the_directory(allot, home):
    os.mkdir(os.path.join(home, "real"), 0o700)
    os.symlink("real", allot.path)
    done = allot("generate", "1")
    assert done.returncode == 78 and b"symbolic link" in done.stderr


@pytest.mark.skipif(ROOT, reason="root may write anywhere")
def test_not_writable(allot):
    os.mkdir(allot.path, 0o500)
    done = allot("generate", "1")
    assert done.returncode == 78 and allot.path in done.stderr.decode()


@pytest.mark.skipif(not ROOT, reason="only root can mount")
def test_a_read_only_file_system(allot, home):
    if _mount(home, "size=1m,mode=0700"):
        try:
            allot.add(["x"])
            subprocess.run(["mount", "-o", "remount,ro", home], check=True)
            done = allot("generate", "1")
            assert done.returncode in (5, 78) and b"Read-only file system" in done.stderr
            assert allot("ids").stdout == b"x\n"
        finally:
            subprocess.run(["umount", "-l", home], check=True)
    else:
        pytest.skip("mounting is not permitted here")


def _mount(home, options):
    return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", home], stderr=subprocess.DEVNULL,
                          check=False).returncode == 0


def _limit_files(limit):
    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return limited


def test_a_full_store_is_told_and_what_was_confirmed_stays(allot):
    """What does not fit is not half there: the ids confirmed before stay, and more fit once there is room again."""
    allot.add(["x", "y"])
    limit = os.path.getsize(_journal(allot)) + 2000
    names = b"".join(b"%0200d\n" % number for number in range(512))
    done = allot("add", "-o", "json", "--timeout", "1s", stdin=names, preexec_fn=_limit_files(limit))
    assert done.returncode in (1, 5) and b"error: " in done.stderr
    assert b'{"added":0,' in done.stdout
    assert re.search(rb"File too large|No space left", done.stderr)
    assert set(allot("ids").stdout.split()) == {b"x", b"y"}
    assert allot("add", "-o", "json", stdin=names).stdout == b'{"added":512,"present":0,"refused":0}\n'
    assert allot.json("status")["pool"]["total"] == 514


def test_a_torn_tail_is_cut_and_told(allot):
    allot.add(["x", "y"])
    whole = os.path.getsize(_journal(allot))
    allot.add(["z"])
    size = os.path.getsize(_journal(allot))
    os.truncate(_journal(allot), size - (size - whole) // 2)
    # Reading does not touch it.
    assert set(allot("ids").stdout.split()) == {b"x", b"y"}
    assert os.path.getsize(_journal(allot)) < size
    assert allot.add(["w"]) == {"added": 1, "present": 0, "refused": 0}
    assert set(allot("ids").stdout.split()) == {b"x", b"y", b"w"}


def test_a_replica_tells_of_a_torn_tail(allot, group):
    allot.add(["x", "y"])
    with open(_journal(allot), "ab") as file:
        file.write(b"123 456 ad")
    replica = group.start("one")
    replica.wait(lambda r: set(r.held) == {"x", "y"}, "its share")
    assert any("journal" in event["message"] and "cut" in event["message"] for event in replica.named("note"))


@pytest.mark.parametrize("verb", ["status", "ids", "generate", "run"])
def test_damage_in_the_middle_is_refused(allot, verb):
    for number in range(20):
        allot.add([f"name-{number}"])
    with open(_journal(allot), "r+b") as file:
        content = file.read()
        at = content.index(b"name-7")
        file.seek(at)
        file.write(b"nome-7")
    line = content.rindex(b"\n", 0, at) + 1
    done = allot(verb, *(["1"] if verb == "generate" else []))
    assert done.returncode == 1 and not done.stdout
    error = done.stderr.decode()
    assert f"{_journal(allot)}: damaged at byte {line}" in error and "restore" in error
    with open(_journal(allot), "rb") as file:
        assert file.read() == content.replace(b"name-7", b"nome-7")


def test_the_journal_shows_ids_as_text(allot):
    allot.add(["an-id/to.be:found"])
    with open(_journal(allot), "rb") as file:
        assert b" an-id/to.be:found" in file.read()
