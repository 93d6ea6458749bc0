"""The modules that were built: each exports allot_module alone, and strategies need the C library alone."""

import glob
import os
import re

from .tree import Finding, output_of

NEEDED = re.compile(r"\(NEEDED\).*\[(.*)\]")
C_LIBRARY = re.compile(r"(libc|ld-linux[\w-]*)\.so\.\d+")
LINKER_NAMES = {"_init", "_fini"}
WHERE = "cmake/modules.cmake"


def _modules(tree, kind):
    return sorted(glob.glob(os.path.join(tree.build, "allot", f"allot_{kind}_*.so")))


def module_exports(tree):
    """What else it exported could be taken for something of the program that loads it."""
    modules = _modules(tree, "*")
    if not modules:
        yield Finding(WHERE, 1, f"there is no module in {os.path.join(tree.build, 'allot')}: build first")
    for path in modules:
        table = output_of("nm", "--dynamic", "--defined-only", "--format=posix", path)
        exported = {line.split()[0].partition("@")[0] for line in table.splitlines()} - LINKER_NAMES
        if exported != {"allot_module"}:
            yield Finding(WHERE, 1, f"{os.path.basename(path)} exports {', '.join(sorted(exported)) or 'nothing'}")


def strategies_need_nothing(tree):
    for path in _modules(tree, "strategy"):
        for name in NEEDED.findall(output_of("readelf", "--dynamic", "--wide", path)):
            if not C_LIBRARY.fullmatch(name):
                yield Finding(WHERE, 1, f"{os.path.basename(path)} needs {name}")
