"""Who may include whom. CONTRIBUTING.md shows the same table as a picture."""

import os
import re

from .tree import Finding

PUBLIC = "core/include/allot/"
BASICS = [PUBLIC + "error.h", PUBLIC + "types.h"]
OPERATOR = BASICS + [PUBLIC + "allot.h", PUBLIC + "version.h", PUBLIC + "view.h"]
FOR_BACKENDS = BASICS + [PUBLIC + "backend.h", PUBLIC + "version.h", PUBLIC + "view.h"]

# Headers of the C library that read no clock, do no I/O, start no thread. (stdio.h is for snprintf: what is really
# called is checked in the objects.)
PURE = {"assert.h", "ctype.h", "inttypes.h", "limits.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h",
        "stdio.h", "stdlib.h", "string.h"}
# Everything of the system except the libraries named in DRIVERS.
SYSTEM = None

# Libraries, each by the start of its headers' names.
DRIVERS = ("check.h", "curl/", "hiredis/", "jansson.h", "microhttpd.h", "openssl/", "uuid", "xxhash.h", "yaml.h",
           "zookeeper/")

# folder: (what of the project, what of the C library and the system, which libraries). The longest folder counts.
# A folder may always include what lies in itself.
LAYERS = {
    "core/include": ([PUBLIC], {"stdbool.h", "stddef.h", "stdint.h"}, ()),
    "base": (BASICS, PURE, ("xxhash.h",)),
    "core/engine": ([PUBLIC, "base/"], PURE, ()),
    "core/runtime": ([PUBLIC, "base/", "core/engine/"], SYSTEM, ("uuid",)),
    "backends": (FOR_BACKENDS + ["base/"], SYSTEM, ()),
    "backends/memory": (FOR_BACKENDS + ["base/", "backends/store/"], SYSTEM, ()),
    "backends/file/module": (FOR_BACKENDS + [PUBLIC + "module.h", "backends/file/file.h"], SYSTEM, ()),
    "backends/file": (FOR_BACKENDS + ["base/", "backends/store/"], SYSTEM, ("xxhash.h",)),
    "backends/redis/module": (FOR_BACKENDS + [PUBLIC + "module.h", "backends/redis/redis.h"], SYSTEM, ()),
    "backends/redis": (FOR_BACKENDS + ["base/", "backends/store/validate.h"], SYSTEM, ("hiredis/", "openssl/")),
    "plugins/module": (BASICS + [PUBLIC + "strategy.h", PUBLIC + "module.h", PUBLIC + "version.h",
                                 "plugins/strategies.h"], PURE, ()),
    "plugins": (BASICS + [PUBLIC + "strategy.h"], PURE, ("xxhash.h",)),
    "config": (OPERATOR + ["base/"], SYSTEM, ("yaml.h",)),
    "verify": (BASICS + ["base/"], PURE, ()),
    "cli": (OPERATOR + ["base/", "config/", "verify/", "sim/sim.h"], SYSTEM, ("jansson.h", "microhttpd.h")),
    # The invariants are the same ones that tests of a backend check.
    "sim": ([PUBLIC, "base/", "core/engine/", "backends/memory/", "backends/store/", "plugins/strategies.h",
             "tests/lib/"], SYSTEM, ()),
    "examples": ([PUBLIC], SYSTEM, ()),
    # Nodes with a pass-through backend, and plain clients of the same stores to compare with.
    "bench": ([PUBLIC, "base/", "core/runtime/hooks.h", "backends/file/file.h", "backends/memory/memory.h",
               "backends/redis/redis.h", "plugins/strategies.h", "tests/lib/redis_server.h"], SYSTEM,
              ("hiredis/", "xxhash.h")),
    "tests": ([""], SYSTEM, DRIVERS),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def layers(tree):
    for path in tree.c_paths:
        folder = _layer_of(path)
        if folder is None:
            yield Finding(path, 1, "this folder is in no layer: see LAYERS in tools/linting/layers.py")
            continue
        for number, line in tree.lines(path):
            found = INCLUDE.match(line)
            if found:
                target = _resolve(tree, path, *found.groups())
                fault = _fault(path, folder, target, found.group(2))
                if fault:
                    yield Finding(path, number, fault)


def _layer_of(path):
    fitting = [folder for folder in LAYERS if path.startswith(folder + "/")]
    return max(fitting, key=len, default=None)


def _resolve(tree, path, quote, name):
    """The path of an included file of the project; None: not of the project."""
    places = [os.path.dirname(path)] if quote == '"' else []
    for place in places + ["", "core/include"]:
        target = os.path.normpath(os.path.join(place, name))
        if os.path.isfile(tree.full(target)):
            return target
    return None


def _fault(path, folder, target, name):
    project, system, libraries = LAYERS[folder]
    if target is not None:
        # Backends that have no line of their own in LAYERS may not look at each other.
        home = os.path.dirname(path) if folder == "backends" else folder
        if target.startswith((home + "/", *project)):
            return None
        return f"{folder} may not include {target}"
    if name.startswith(DRIVERS):
        return None if name.startswith(tuple(libraries)) else f"{folder} may not use the library of <{name}>"
    if system is SYSTEM or name in system:
        return None
    return f"{folder} may not include <{name}>"
