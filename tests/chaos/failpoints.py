"""The numbered failpoints of one replica: see faults.c, which is preloaded into it."""

import mmap
import os
import struct
import time

from replicas import LIMIT_S

WRITE, FSYNC, RENAME, FLOCK, OPEN, TRUNCATE, UNLINK, SEND, RECV, PWRITE = (1 << bit for bit in range(10))
HALF, HALF_THEN_KILL = 100000, 100001
_FIELDS = ("calls", "countdown", "action", "lasting", "struck", "seen")


class Failpoints:
    def __init__(self, path, store):
        with open(path, "wb") as file:
            file.write(bytes(4 * len(_FIELDS)))
        with open(path, "r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 0)
        library = os.path.join(os.environ["ALLOT_BUILD"], "tests", "chaos", "chaos_faults.so")
        self.environment = {"LD_PRELOAD": library, "CHAOS_FAULTS": path, "CHAOS_STORE": os.path.realpath(store)}

    def _put(self, field, value):
        struct.pack_into("=i", self._memory, 4 * _FIELDS.index(field), value)

    def _get(self, field):
        return struct.unpack_from("=i", self._memory, 4 * _FIELDS.index(field))[0]

    def strike(self, calls, number, action, lasting=False):
        """At the number-th of these calls from now on (from 1)."""
        self._put("calls", 0)
        for field, value in (("countdown", number), ("action", action), ("lasting", int(lasting)), ("struck", 0),
                             ("seen", 0), ("calls", calls)):
            self._put(field, value)

    def clear(self):
        self._put("calls", 0)

    @property
    def struck(self):
        return self._get("struck")

    def wait_struck(self):
        limit = time.monotonic() + LIMIT_S
        while not self.struck:
            assert time.monotonic() < limit, f"the failpoint was not reached: {self._get('seen')} calls"
            time.sleep(0.005)
