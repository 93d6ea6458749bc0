"""What `cmake --install` puts into a place of its own: used from outside of the sources, by pkg-config alone."""

import os
import re
import shutil
import subprocess

import pytest

from replicas import Allot, Group, clean_environment

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLES = os.path.join(HERE, "..", "..", "examples")

pytestmark = pytest.mark.skipif(not (shutil.which("cmake") and shutil.which("pkg-config") and shutil.which("make")),
                                reason="cmake, make or pkg-config is missing")


def _run(*command, **more):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(name="prefix", scope="module")
def _prefix(binary, tmp_path_factory):
    path = tmp_path_factory.mktemp("install")
    os.chmod(path, 0o755)
    _run("cmake", "--install", os.path.dirname(os.path.dirname(binary)), "--prefix", path / "usr")
    # Moved: nothing in it may know where it was installed.
    os.rename(path / "usr", path / "moved")
    return os.fspath(path / "moved")


@pytest.fixture(name="sanitized", scope="module")
def _sanitized(binary):
    with open(os.path.join(os.path.dirname(os.path.dirname(binary)), "CMakeCache.txt"), encoding="utf-8") as file:
        return re.search(r"^ALLOT_SANITIZE:\w+=.", file.read(), re.M) is not None


@pytest.fixture(name="env", scope="module")
def _env(prefix):
    found = [folder for folder, _, files in os.walk(prefix) if "allot.pc" in files]
    assert len(found) == 1
    return clean_environment(PKG_CONFIG_PATH=found[0])


@pytest.fixture(name="example", scope="module")
def _example(env, tmp_path_factory):
    """The example, built away from the sources. What it needs of allot is what was installed."""
    path = tmp_path_factory.mktemp("example")
    os.chmod(path, 0o755)
    for name in ("strategy_by_length.c", "try.c", "Makefile"):
        shutil.copy(os.path.join(EXAMPLES, "strategy_by_length", name), path)
    _run("make", "-C", path, "CFLAGS=-O2 -Wall -Wextra -Werror", env=env)
    os.chmod(path / "allot_strategy_by_length.so", 0o755)
    return os.fspath(path)


def test_everything_is_there(prefix, env):
    def pkg_config(*arguments):
        return _run("pkg-config", *arguments, "allot", env=env).strip()
    sources = os.path.join(HERE, "..", "..", "core", "include", "allot")
    assert sorted(os.listdir(os.path.join(pkg_config("--variable=includedir"), "allot"))) == sorted(os.listdir(sources))
    modules = os.listdir(pkg_config("--variable=moduledir"))
    assert {"allot_backend_file.so", "allot_strategy_round_robin.so", "allot_strategy_hash.so",
            "allot_strategy_chunked.so"} <= set(modules)
    version = _run(os.path.join(prefix, "bin", "allot"), "version", env=env)
    assert pkg_config("--modversion") in version
    real = os.path.realpath(prefix)
    flags = [flag for flag in pkg_config("--cflags", "--libs").split() if flag[:2] in ("-I", "-L")]
    assert flags and all(os.path.realpath(flag[2:]).startswith(real) for flag in flags)


def test_an_application(prefix, env, sanitized, tmp_path):
    if sanitized:
        pytest.skip("a program of another build cannot load a sanitized library")
    flags = _run("pkg-config", "--cflags", "--libs", "allot", env=env).split()
    libdir = _run("pkg-config", "--variable=libdir", "allot", env=env).strip()
    program = tmp_path / "hello"
    _run("cc", "-std=c17", os.path.join(EXAMPLES, "hello.c"), "-o", program, *flags, f"-Wl,-rpath,{libdir}")
    shown = _run(program, tmp_path / "store", env=env)
    assert "added 3 ids" in shown and "left: success" in shown
    assert prefix


def test_a_strategy_from_outside(prefix, example, home):
    """Replicas find it by its name; each id is where its length says."""
    names = [letter * length for length in (1, 2, 3, 4, 200) for letter in "abcdefgh"]
    allot = Allot(os.path.join(prefix, "bin", "allot"), os.path.join(home, "store"))
    group = Group(allot, home)
    try:
        for name in ("oldest", "middle", "youngest"):
            replica = group.start(name, "--strategy", "by_length", "--modules", example)
            replica.wait_event("joined")
        allot.add(names)
        group.wait_placed(names, even=False)
        slots = {name: index for index, name in enumerate(("oldest", "middle", "youngest"))}
        group.wait(lambda: all(slots[owner] == (len(name) - 1) % 3 for name, (owner, _) in group.owners().items()),
                   "each id with its owner")
        group.wait_placed(names, even=False)
        assert allot.json("status")["strategy"] == "by_length"
        group.check()
    finally:
        group.close()


def test_it_is_found_where_modules_are(prefix, env, example, home):
    """make install puts it there; no flag says where."""
    _run("make", "-C", example, "install", env=env)
    allot = Allot(os.path.join(prefix, "bin", "allot"), os.path.join(home, "store"))
    done = allot("run", "--strategy", "by_length", "--generate", "2", "--once")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 2


def test_its_option(env, example, sanitized):
    if sanitized:
        pytest.skip("a program of another build cannot load a sanitized library")
    _run("make", "-C", example, "try", "CFLAGS=-O2 -Wall -Wextra -Werror", env=env)
    shown = _run("./try", "2", cwd=example).split("\n")
    assert sorted(shown[:-1]) == ["older gets a", "older gets bb", "older gets e", "older gets ff", "younger gets ccc",
                                  "younger gets dddd"]
    refused = subprocess.run(["./try", "256"], cwd=example, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "the option 'step' of the strategy 'by_length' is '256'; it must be a whole number from 1 to 255" in \
        refused.stderr


def _configure(build, builtin):
    root = os.path.join(HERE, "..", "..")
    return subprocess.run(["cmake", "-S", root, "-B", build, f"-DALLOT_BUILTIN={builtin}"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)


def test_everything_built_in(binary, sanitized, tmp_path):
    """One library without any module: ALLOT_BUILTIN names all of them."""
    if sanitized:
        pytest.skip("it is built anew, without sanitizers")
    everything = ["memory", "file", "round_robin", "hash", "chunked"]
    with_redis = os.path.exists(os.path.join(os.path.dirname(os.path.dirname(binary)), "allot",
                                             "allot_backend_redis.so"))
    build = tmp_path / "build"
    done = _configure(build, ";".join(everything + ["redis"] * with_redis))
    assert done.returncode == 0, done.stderr
    _run("cmake", "--build", build, "--target", "liballot", "allot", "--parallel", "2")
    env = clean_environment()
    for strategy in ("round_robin", "hash", "chunked"):
        found = _run(build / "cli" / "allot", "run", "--path", tmp_path / strategy, "--strategy", strategy, "--generate",
                     "3", "--once", "--modules", tmp_path / "nowhere", env=env)
        assert len(found.split()) == 3
    if with_redis:
        done = subprocess.run([build / "cli" / "allot", "status", "--backend", "redis", "--modules", tmp_path / "nowhere",
                               "--url", f"unix://{tmp_path}/nothing"], env=env, capture_output=True, check=False)
        assert done.returncode == 5  # there is no server; that there is a backend is what is tested


@pytest.mark.parametrize("builtin, words", [("file", "memory is part of the API"),
                                            ("memory;etcd", "there is no 'etcd'; there are:")])
def test_what_cannot_be_built_in(tmp_path, builtin, words):
    done = _configure(tmp_path / "build", builtin)
    assert done.returncode != 0 and words in " ".join(done.stderr.split())


def test_the_page_shows_the_example():
    """What docs/writing-a-strategy.md shows is what is built here."""
    with open(os.path.join(HERE, "..", "..", "docs", "writing-a-strategy.md"), encoding="utf-8") as file:
        shown = re.findall(r"```c\n(.*?)```", file.read(), re.S)
    with open(os.path.join(EXAMPLES, "strategy_by_length", "strategy_by_length.c"), encoding="utf-8") as file:
        assert shown == [file.read()]
