"""A choice of the scenarios that tests/chaos/run has; all of them with CHAOS=all."""

import json
import os

import pytest

import frame
import catalogue  # noqa: F401  pylint: disable=unused-import
from redis_server import missing


def _cases():
    every = os.environ.get("CHAOS") == "all"
    return [pytest.param(one, backend, id=f"{one.name}-{backend}")
            for one in frame.SCENARIOS for backend in one.backends if every or one.quick]


@pytest.mark.parametrize("one, backend", _cases())
def test_scenario(binary, one, backend):
    if backend == frame.REDIS and missing(binary):
        pytest.skip(missing(binary))
    if one.root and not frame.is_root():
        pytest.skip("needs root")
    print(json.dumps(frame.run(binary, backend, one)))
