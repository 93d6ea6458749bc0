"""Fixtures of every suite that starts whole processes."""

import os
import shutil
import subprocess
import tempfile

import pytest

from builds import command_path


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
    path = command_path()
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
