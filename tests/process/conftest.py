import os
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position,unused-import
from redis_server import RedisServer, missing
from replicas import Allot, Group
from sessions import binary, home
# pylint: enable=wrong-import-position,unused-import
# pylint: disable=redefined-outer-name


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
    if missing(binary):
        pytest.skip(missing(binary))
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
