"""Where a build has what tests start."""

import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def command_path():
    build = os.environ.get("ALLOT_BUILD", os.path.join(ROOT, "build"))
    return os.path.abspath(os.environ.get("ALLOT_BIN", os.path.join(build, "cli", "allot")))


def has_redis_backend(binary):
    """False: hiredis was missing when this was built."""
    return os.path.exists(os.path.join(os.path.dirname(os.path.dirname(binary)), "allot", "allot_backend_redis.so"))
