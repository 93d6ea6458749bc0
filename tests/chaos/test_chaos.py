"""Every scenario on every backend of its own; without CHAOS=all, those of the choice for `make test`."""

import json
import os

import pytest

import frame
# pylint: disable=unused-import
import scenarios_file  # noqa: F401
import scenarios_network  # noqa: F401
import scenarios_process  # noqa: F401
import scenarios_redis  # noqa: F401
# pylint: enable=unused-import
from redis_server import is_installed
from sessions import has_redis_backend


def _cases():
    every = os.environ.get("CHAOS") == "all"
    return [pytest.param(one, backend, id=f"{one.name}-{backend}")
            for one in frame.SCENARIOS for backend in one.backends if every or one.quick]


@pytest.mark.parametrize("one, backend", _cases())
def test_scenario(binary, one, backend):
    if backend == frame.REDIS and not (is_installed() and has_redis_backend(binary)):
        pytest.skip("redis-server or the backend is missing")
    if one.root and not frame.is_root():
        pytest.skip("needs root")
    outcome = frame.run(binary, backend, one)
    record = os.environ.get("CHAOS_RECORD")
    if record:
        with open(record, "a", encoding="utf-8") as file:
            file.write(json.dumps(outcome) + "\n")
    print(json.dumps(outcome))
