"""Steps that many scenarios take."""

PREFIX = "allot:{default}:"


def ok(server, *lines):
    """The server does these."""
    for line in lines:
        assert server.ask(line) == "OK", line


def until_fenced(stage, begin, end):
    """The fault lasts until every lease is over."""
    since = stage.mark()
    begin()
    stage.wait_all("fenced", since)
    again = stage.mark()
    end()
    stage.wait_all("joined", again)
