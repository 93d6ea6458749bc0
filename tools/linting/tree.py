"""The files of a checkout, and the objects that were built from them."""

import os
import subprocess
from dataclasses import dataclass

SKIPPED_FOLDERS = {".git", ".allot", "__pycache__", ".pytest_cache", "node_modules"}
TEXT_SUFFIXES = (".c", ".h", ".py", ".sh", ".lua", ".js", ".css", ".html", ".bats", ".md", ".yaml", ".txt",
                 ".pml")


@dataclass(frozen=True)
class Finding:
    path: str  # relative to the checkout
    line: int  # from 1
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


# Targets whose objects have functions and data of the sanitizers; each source is built without them, too.
SANITIZED = {"allot-sim-san"}


class Tree:
    """A checkout at `root`, built in `build`."""

    def __init__(self, root, build):
        self.root = os.path.abspath(root)
        self.build = os.path.abspath(build)
        self.paths = sorted(self._walk())
        self.c_paths = [p for p in self.paths if p.endswith((".c", ".h"))]

    def _walk(self):
        for folder, names, files in os.walk(self.root):
            top = folder == self.root
            names[:] = [n for n in names if n not in SKIPPED_FOLDERS and not (top and n.startswith("build"))]
            for name in files:
                path = os.path.relpath(os.path.join(folder, name), self.root)
                if name.endswith(TEXT_SUFFIXES) or self._is_script(path):
                    yield path

    def _is_script(self, path):
        if os.path.basename(path) == "Makefile":
            return True
        if not path.startswith(("tools/", "tests/", ".ci/", "cli/", "bench/")):
            return False
        with open(self.full(path), "rb") as file:
            return file.read(2) == b"#!"

    def full(self, path):
        return os.path.join(self.root, path)

    def text(self, path):
        with open(self.full(path), encoding="utf-8") as file:
            return file.read()

    def lines(self, path):
        """(number from 1, line without its end) of a file."""
        return list(enumerate(self.text(path).split("\n"), 1))

    def public_headers(self):
        return [p for p in self.c_paths if p.startswith("core/include/allot/") and p.endswith(".h")]

    def objects(self):
        """(path of the source, full path of its object) for each object of the build whose source still exists."""
        for folder, _, files in os.walk(self.build):
            place, found, inside = os.path.relpath(folder, self.build).partition("CMakeFiles/")
            if not found or inside.partition(".dir")[0] in SANITIZED:
                continue
            # A source of another folder lies in a target's folder under "__" for "..".
            inside = inside.partition(".dir")[2].lstrip("/").replace("__", "..")
            for name in files:
                source = os.path.normpath(os.path.join(place, inside, name.removesuffix(".o")))
                if name.endswith(".c.o") and source in self.c_paths:
                    yield source, os.path.join(folder, name)


def output_of(*command):
    """What a tool prints; its failure is ours."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
