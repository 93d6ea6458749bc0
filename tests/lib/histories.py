"""The check of what all replicas have told: who owned what, and when.

The instants are CLOCK_MONOTONIC, which is the same for all processes of a machine. An id is owned from `gained` to
`released`, `lost`, `acked`, `failed` or `dropped`, or until its owner died."""

ENDS = ("released", "lost", "acked", "failed", "dropped")


def _records(told, deaths):
    """(instant, order at one instant, replica, kind, id, number)"""
    for name, events in told.items():
        for event in events:
            at, word = event["mono_ns"], event["event"]
            if word in ENDS:
                for item in event["ids"]:
                    yield at, 0, name, "ended", item["id"], item["token"]
            elif word == "gained":
                for item in event["ids"]:
                    yield at, 3, name, "gained", item["id"], item["token"]
            elif word in ("leader", "fenced", "joined"):
                yield at, 2, name, word, "", event["term"] or 0
    for at, name in deaths:
        yield at, 1, name, "died", "", 0


class _Play:
    def __init__(self):
        self.owner = {}  # id -> replica
        self.token = {}  # id -> the largest so far
        self.term = 0
        self.dead = set()
        self.wrong = []

    def gained(self, name, item, token):
        if item in self.owner:
            self.wrong.append(f"{name} gained {item}, which {self.owner[item]} owned")
        if token <= self.token.get(item, 0):
            self.wrong.append(f"{name} gained {item} with token {token} after token {self.token[item]}")
        self.owner[item] = name
        self.token[item] = token

    def leader(self, name, term):
        if term <= self.term:
            self.wrong.append(f"{name} led in term {term} after term {self.term}")
        self.term = term

    def died(self, name):
        self.dead.add(name)
        self.owner = {item: owner for item, owner in self.owner.items() if owner != name}

    def take(self, name, kind, item, number):
        if kind == "died":
            self.died(name)
        elif kind == "joined":
            self.dead.discard(name)  # continued, and joined anew
        elif name in self.dead:
            pass  # what a killed process still wrote
        elif kind == "gained":
            self.gained(name, item, number)
        elif kind == "ended":
            if self.owner.get(item) == name:
                del self.owner[item]
        elif kind == "leader":
            self.leader(name, number)


def check(told, deaths=()):
    """told: replica -> its events. deaths: (instant, replica), from which on that replica can do nothing. Returns what
    is wrong."""
    play = _Play()
    for _, _, name, kind, item, number in sorted(_records(told, deaths), key=lambda record: record[:2]):
        play.take(name, kind, item, number)
    return play.wrong
