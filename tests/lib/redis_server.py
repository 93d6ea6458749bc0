"""A real redis-server for one test: on a Unix socket, in a directory of its own. It dies with the test."""

import contextlib
import ctypes
import glob
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time

from builds import has_redis_backend

LIMIT_S = 20.0
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def program():
    """redis-server, or what the environment names instead: a server of another version, or Valkey."""
    return os.environ.get("REDIS_SERVER") or "redis-server"


def is_installed():
    return shutil.which(program()) is not None


def missing(binary):
    """What is missing to test the command on a server, in words; None: nothing is."""
    if not is_installed():
        return "redis-server is missing"
    return None if has_redis_backend(binary) else "hiredis was missing when this was built"


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _element(answer):
    head = answer.readline().decode().rstrip("\r\n")
    kind, rest = head[0], head[1:]
    if kind == "*":
        return [_element(answer) for _ in range(int(rest))]
    if kind == "$":
        return answer.read(int(rest) + 2)[:-2].decode("utf-8", "replace") if rest != "-1" else None
    assert kind != "-", head
    return int(rest) if kind == ":" else rest


def _names_of_scripts():
    """sha -> name"""
    names = {}
    for path in glob.glob(os.path.join(os.environ["ALLOT_BUILD"], "redis-scripts", "*.lua")):
        with open(path, "rb") as file:
            names[hashlib.sha1(file.read()).hexdigest()] = os.path.splitext(os.path.basename(path))[0]
    assert names
    return names


class RedisServer:
    """It keeps nothing (no RDB, no AOF) unless its options say so."""

    def __init__(self, home, *options, environment=None):
        self.home = home
        self.environment = environment
        self.path = os.path.join(home, "redis.socket")
        self.url = f"unix://{self.path}"
        self.options = options
        self.process = None
        self.start()

    def start(self, wait=True, *more):
        """Starts it (again), on whatever it has written; with `more` options this time."""
        command = [program(), "--port", "0", "--unixsocket", self.path, "--dir", self.home, "--save", "",
                   "--appendonly", "no", "--daemonize", "no", "--logfile", os.path.join(self.home, "redis.log"),
                   *self.options, *more]
        if os.path.exists(self.path):
            os.remove(self.path)
        # pylint: disable-next=consider-using-with,subprocess-popen-preexec-fn
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.STDOUT, env=self.environment, preexec_fn=_die_with_parent)
        limit = time.monotonic() + LIMIT_S
        while not self._is_there(wait):
            assert self.process.poll() is None, "redis-server has ended"
            assert time.monotonic() < limit, "redis-server does not answer"
            time.sleep(0.005)

    def _is_there(self, answering):
        try:
            return not answering or not self.ask("PING").startswith("-LOADING")
        except OSError:
            return False

    def ask(self, line):
        """The text of one answer: a status, an error with its '-', a number, a string."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(LIMIT_S)
            connection.connect(self.path)
            connection.sendall(line.encode() + b"\r\n")
            with connection.makefile("rb") as answer:
                head = answer.readline().decode().rstrip("\r\n")
                if head.startswith("$") and head != "$-1":
                    return answer.read(int(head[1:])).decode()
                return head if head.startswith(("-", "*")) else head[1:]

    def take_place(self, key, text):
        """Puts a text under a key, and what was there under `kept`, at one moment: nobody finds nothing in between."""
        assert self.ask(f"EVAL \"redis.call('RENAME', KEYS[1], 'kept') return redis.call('SET', KEYS[1], ARGV[1])\" "
                        f"1 {key} {text}") == "OK"

    def ask_all(self, line):
        """The whole of one answer: an array is a list."""
        with self.connection() as ask:
            return ask(line)

    def send(self, line):
        """Waits for no answer."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.path)
            connection.sendall(line.encode() + b"\r\n")

    @contextlib.contextmanager
    def connection(self):
        """One that stays: a function that asks, and gives what ask_all gives."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(LIMIT_S)
            connection.connect(self.path)
            with connection.makefile("rb") as answer:
                def ask(line):
                    connection.sendall(line.encode() + b"\r\n")
                    return _element(answer)
                yield ask

    @staticmethod
    def wait(is_so, what):
        limit = time.monotonic() + LIMIT_S
        while not is_so():
            assert time.monotonic() < limit, what
            time.sleep(0.01)

    def wait_loaded(self):
        self.wait(lambda: self._is_there(True), "the server does not end to load")

    def wait_synced(self):
        """As a replica of another one."""
        self.wait(lambda: "master_link_status:up" in self.ask("INFO replication"), "no link to the master")

    def listen_on_tcp(self):
        """Returns the port, on 127.0.0.1."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        assert self.ask(f"CONFIG SET port {port}") == "OK"
        return port

    def log_scripts(self):
        """From now on every command is remembered for scripts()."""
        for line in ("CONFIG SET slowlog-max-len 1000000", "CONFIG SET slowlog-log-slower-than 0", "SLOWLOG RESET"):
            assert self.ask(line) == "OK"

    def scripts(self):
        """name -> the durations in us of its runs since log_scripts, which ends with this; the names are those of the
        files in $ALLOT_BUILD/redis-scripts."""
        assert self.ask("CONFIG SET slowlog-log-slower-than -1") == "OK"
        names = _names_of_scripts()
        found = {name: [] for name in names.values()}
        for entry in self.ask_all("SLOWLOG GET -1"):
            if entry[3][0].lower() == "evalsha":
                found[names[entry[3][1]]].append(entry[2])
        return found

    def info(self, name):
        """A number that INFO tells."""
        return int(re.search(rf"^{name}:(\d+)\s*$", self.ask("INFO"), re.M).group(1))

    def calls(self):
        """command -> how often it was called (by scripts too)"""
        return {name: int(count) for name, count in re.findall(r"^cmdstat_(\S+):calls=(\d+)",
                                                               self.ask("INFO commandstats"), re.M)}

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGSTOP; returns when it has stopped."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def cont(self):
        self.process.send_signal(signal.SIGCONT)
