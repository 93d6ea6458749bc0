"""The wall clock of a process: tests/preload/server_clock.c is preloaded into it."""

import os


class Clock:
    def __init__(self, path):
        self._path = path
        with open(path, "wb") as file:
            file.write(bytes(16))
        library = os.path.join(os.environ["ALLOT_BUILD"], "tests", "server_clock.so")
        self.environment = {"LD_PRELOAD": library, "ALLOT_TEST_CLOCK": path}

    def set(self, now_us=0, offset_us=0):
        """It stands still at that moment, or (0) is so far away from the real time."""
        with open(self._path, "r+b") as file:
            file.write(now_us.to_bytes(8, "little", signed=True) + offset_us.to_bytes(8, "little", signed=True))
