"""Whether what processes and the server hold grows. One sample of each after every scenario, when all is calm.

The rule: of at least MIN_SAMPLES samples of one thing (a process that was not killed meanwhile, the server), the first
third is not looked at; the median of the last third must not exceed that of the middle third by more than SLACK says:
(a fraction, so much more)."""

import os
import statistics

MIN_SAMPLES = 9
SLACK = {
    "resident bytes": (0.05, 1 << 20),
    "descriptors": (0, 1),
    "server: keys": (0, 3),
    "server: used bytes": (0.10, 1 << 20),
    "journal bytes": (0, 16 << 20),  # compacted at 4 MiB or four times its snapshot
}


class Samples:
    def __init__(self):
        self.series = {}  # (what, of whom) -> values

    def put(self, what, whom, value):
        self.series.setdefault((what, whom), []).append(value)

    def take(self, stage):
        for replica in stage.live():
            pid = replica.process.pid
            with open(f"/proc/{pid}/statm", encoding="ascii") as file:
                pages = int(file.read().split()[1])
            self.put("resident bytes", f"{stage.backend} {replica.name} {pid}", pages * os.sysconf("SC_PAGE_SIZE"))
            self.put("descriptors", f"{stage.backend} {replica.name} {pid}", len(os.listdir(f"/proc/{pid}/fd")))
        if stage.server:
            self.put("server: keys", "redis", int(stage.server.ask("DBSIZE")))
            self.put("server: used bytes", "redis", stage.server.info("used_memory"))
        else:
            self.put("journal bytes", "file", os.path.getsize(os.path.join(stage.path, "default", "journal")))

    @staticmethod
    def _thirds(values):
        third = len(values) // 3
        return statistics.median(values[third:2 * third]), statistics.median(values[2 * third:])

    def judged(self):
        """(what, of whom, middle, last, whether it grew)"""
        for (what, whom), values in sorted(self.series.items()):
            if len(values) >= MIN_SAMPLES:
                middle, last = self._thirds(values)
                part, more = SLACK[what]
                yield what, whom, middle, last, last > middle * (1 + part) + more
