"""tests/lib/tcp_proxy in front of a server's Unix socket, as a process."""

import os
import subprocess


class Proxy:
    def __init__(self, unix_path):
        program = os.path.join(os.environ["ALLOT_BUILD"], "tests", "chaos", "chaos_proxy")
        # pylint: disable-next=consider-using-with
        self._process = subprocess.Popen([program, unix_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._process.stdout.readline())
        self.url = f"redis://127.0.0.1:{self.port}"

    def __call__(self, word, number=0, data=b""):
        """A line of proxy.c."""
        self._process.stdin.write(f"{word} {number} {data.hex()}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "ok\n", word

    def close(self):
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()
