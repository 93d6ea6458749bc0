"""Steps that many scenarios take."""

from frame import cont

PREFIX = "allot:{default}:"


def ok(server, *lines):
    """The server does these."""
    for line in lines:
        assert server.ask(line) == "OK", line


def until_fenced(stage, begin, end, among=None):
    """The fault lasts until every lease (of these) is over. Returns what `end` returned."""
    since = stage.mark()
    begin()
    stage.wait_all("fenced", since, among)
    again = stage.mark()
    told = end()
    stage.wait_all("joined", again, among)
    return told


def killed_and_back(stage, victim):
    stage.kill(victim)
    stage.wait_moved_from(victim)
    stage.restart(victim)


def on_anew(stage, victim):
    """One that was stopped: its lease ends, and it goes on."""
    old = victim.slot
    stage.wait_moved_from(victim)
    cont(victim)
    victim.wait(lambda r: r.slot != old, "to join anew")
