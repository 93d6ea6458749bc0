"""A journal that was torn at any byte, or in which any bit has flipped."""

import json
import os
import shutil

from frame import FILE, REFUSED, scenario
from replicas import Allot


class Copy:
    """A small group that nobody runs any more, to be opened with other bytes for a journal."""

    def __init__(self, stage):
        self._path = os.path.join(stage.home, "copy")
        self.allot = Allot(stage.allot.binary, self._path)
        assert self.allot("add", stdin=b"one\ntwo\nthree\n").returncode == 0
        done = self.allot("run", "--once", "--name", "x", "--ttl", "1s")
        assert done.returncode == 0 and len(done.stdout.split()) == 3
        self.journal = os.path.join(self._path, "default", "journal")
        with open(self.journal, "rb") as file:
            self.whole = file.read()

    def ids(self, data):
        """(exit code, its ids or its message)"""
        with open(self.journal, "wb") as file:
            file.write(data)
        done = self.allot("ids", "-o", "json")
        text = (done.stderr if done.returncode else done.stdout).decode()
        return done.returncode, text if done.returncode else sorted(i["id"] for i in json.loads(text))

    def close(self):
        shutil.rmtree(self._path, ignore_errors=True)


@scenario("a journal is cut at each of its bytes: what is whole counts, or it is refused; nothing is guessed", FILE,
          expect=REFUSED, again=False)
def journal_torn_at_every_byte(stage):
    copy, message = Copy(stage), None
    whole, expected = copy.whole, {}
    for at in range(len(whole) + 1):
        code, found = copy.ids(whole[:at])
        if at == 0 or whole[at - 1:at] == b"\n":
            expected = (code, found)  # of whole lines alone
        elif code == 0:
            assert (code, found) == expected, (at, found, expected)
        else:  # its beginning, the snapshot, is not whole
            assert not expected or expected[0] != 0, (at, code, found)
            assert code == 3 or (code == 1 and "damaged" in found), (at, code, found)
            message = found.strip() if code == 1 else message
    copy.close()
    return message


@scenario("a bit flips in each byte of a journal: it is refused; or, in its last line, that is as if never written",
          FILE, expect=REFUSED, again=False)
def journal_flipped_at_every_byte(stage):
    copy, message = Copy(stage), None
    whole = copy.whole
    last = whole.rindex(b"\n", 0, len(whole) - 1) + 1
    before = copy.ids(whole[:last])
    for at, byte in enumerate(whole):
        code, found = copy.ids(whole[:at] + bytes([byte ^ (1 << at % 8)]) + whole[at + 1:])
        if at < last:
            assert code in (1, 78) and ("damaged" in found or "format" in found), (at, code, found)
            message = found.strip()
        else:
            assert (code, found) == before or (code == 1 and "damaged" in found), (at, code, found)
    copy.close()
    return message
