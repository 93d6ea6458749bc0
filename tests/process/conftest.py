import os
import shutil
import subprocess
import tempfile

import pytest

from redis_server import RedisServer, is_installed
from replicas import Allot, Group

HERE = os.path.dirname(os.path.abspath(__file__))


def _binary():
    build = os.environ.get("ALLOT_BUILD", os.path.join(HERE, "..", "..", "build"))
    return os.path.abspath(os.environ.get("ALLOT_BIN", os.path.join(build, "cli", "allot")))


def _running(binary):
    """Processes of this binary that are no others' but ours."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.path.samefile(f"/proc/{entry}/exe", binary) and \
                    os.environ["PROCESS_TEST_SESSION"].encode() in open(f"/proc/{entry}/environ", "rb").read():
                found.append(entry)
        except OSError:
            continue
    return found


@pytest.fixture(scope="session")
def binary():
    path = _binary()
    assert os.access(path, os.X_OK), f"{path} was not built"
    os.environ.setdefault("ALLOT_BUILD", os.path.dirname(os.path.dirname(path)))
    # Found again in the environment of everything that is started here.
    os.environ["PROCESS_TEST_SESSION"] = f"session-{os.getpid()}"
    yield path
    left = _running(path)
    for pid in left:
        subprocess.run(["kill", "-9", pid], check=False)
    assert not left, f"processes left behind: {left}"


@pytest.fixture
def home():
    """A directory of mode 0700, gone in the end."""
    path = tempfile.mkdtemp(prefix="allot-test-")
    yield path
    shutil.rmtree(path, ignore_errors=True)


def pytest_configure(config):
    config.addinivalue_line("markers", "backends(name...): the backends that a test runs on; without it, on the file "
                            "backend alone")


def pytest_generate_tests(metafunc):
    if "backend" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("backends")
        metafunc.parametrize("backend", marker.args if marker else ("file",), indirect=True)


@pytest.fixture
def backend(request):
    return request.param


@pytest.fixture(scope="session")
def redis(binary):
    """One server for all tests that can share it; it keeps nothing."""
    if not is_installed():
        pytest.skip("redis-server is missing")
    if not os.path.exists(os.path.join(os.path.dirname(os.path.dirname(binary)), "allot", "allot_backend_redis.so")):
        pytest.skip("hiredis was missing when this was built")
    path = tempfile.mkdtemp(prefix="allot-redis-")
    server = RedisServer(path)
    yield server
    server.kill()
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def allot(request, backend, binary, home):
    """The command on an empty store."""
    if backend == "file":
        return Allot(binary, os.path.join(home, "store"))
    server = request.getfixturevalue("redis")
    assert server.ask("FLUSHALL") == "OK" and server.ask("CONFIG RESETSTAT") == "OK"
    return Allot(binary, server.path, ("--backend", "redis", "--url", server.url), server)


@pytest.fixture
def group(allot, home):
    group = Group(allot, home)
    yield group
    group.close()
