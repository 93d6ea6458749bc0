"""What the compiled objects say: which functions they need, and which of their data can change."""

import os
import re

from .tree import Finding, output_of

# The C library as far as it has no state, no clock, no I/O.
PURE = re.compile(
    r"(malloc|calloc|realloc|free|abort|qsort|bsearch|mem\w+|str\w+|v?snprintf|__ctype_b_loc|__assert_fail"
    r"|__(mem|str|v?snprintf)\w*_chk|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_"
    r"|__[a-z]{3,12}[sdt][if]([sdt][if])?[2-4])"  # helpers of the compiler, for example __popcountdi2
)
PLUGIN = re.compile(r"(mem\w+|str\w+|snprintf|__assert_fail|__(mem|str|snprintf)\w*_chk|__stack_chk_fail"
                    r"|_GLOBAL_OFFSET_TABLE_|__[a-z]{3,12}[sdt][if]([sdt][if])?[2-4])")
# Of those that the patterns above would let through: hidden state, the locale, memory.
IMPURE = {"strtok", "strerror", "strsignal", "strcoll", "strxfrm", "strftime", "strptime", "strfry", "memfrob"}
PLUGIN_IMPURE = IMPURE | {"strdup", "strndup"}

# folder: (pattern of allowed functions, exceptions to it, folders whose own functions may be called)
SYMBOLS = {
    "base": (PURE, IMPURE, ["base"]),
    "core/engine": (PURE, IMPURE, ["core/engine", "base"]),
    "verify": (PURE, IMPURE, ["verify", "base"]),
    "plugins": (PLUGIN, PLUGIN_IMPURE, ["plugins"]),
}

# VALUE FLAGS SECTION<tab>SIZE [.VISIBILITY] NAME
SYMBOL_LINE = re.compile(r"^[0-9a-f]+ (.{7}) (\S+)\t[0-9a-f]+\s+(?:\.\w+ )?(\S+)$", re.M)
CHANGEABLE = re.compile(r"(\.data(?!\.rel\.ro)|\.bss|\.tdata|\.tbss|\.ldata|\.lbss|\*COM\*)")


def symbols_of(folder):
    """The rule that objects of `folder` call nothing but what SYMBOLS allows."""

    def rule(tree):
        pattern, exceptions, homes = SYMBOLS[folder]
        objects = list(tree.objects())
        own = set()
        for source, object_path in objects:
            if source.startswith(tuple(home + "/" for home in homes)):
                own |= set(_names(object_path, "--defined-only"))
        for source, object_path in objects:
            if not source.startswith(folder + "/"):
                continue
            for name in _names(object_path, "--undefined-only"):
                if name not in own and (name in exceptions or not pattern.fullmatch(name)):
                    yield Finding(source, _line_of(tree, source, name), f"{folder} may not call {name}")

    return rule


def _names(object_path, which):
    return output_of("nm", which, "--format=just-symbols", object_path).split()


def _line_of(tree, source, name):
    """Where a name stands in a file, at best; else 1."""
    for number, line in tree.lines(source):
        if re.search(rf"\b{re.escape(name)}\b", line):
            return number
    return 1


def no_mutable_globals(tree):
    """Also statics inside of functions. Constant tables with pointers, which only the loader writes (.data.rel.ro), are
    constant. Tests may have them: Check hands nothing to a test."""
    for source, object_path in tree.objects():
        if source.startswith("tests/") and not source.startswith("tests/lib/"):
            continue
        for flags, section, symbol in SYMBOL_LINE.findall(output_of("objdump", "-t", object_path)):
            name = symbol.partition(".")[0]
            # Data has an O, and a thread's own data nothing; a d marks the symbol of the section itself.
            if flags[6] in "O " and flags[5] != "d" and CHANGEABLE.match(section):
                yield Finding(source, _line_of(tree, source, name), f"{name}: data that can change outlives every handle")


def every_source_is_built(tree):
    """Without this, rules about objects would be silent about sources that were not compiled, or not lately."""
    built = {}
    for source, object_path in tree.objects():
        built[source] = max(built.get(source, 0), os.path.getmtime(object_path))
    for path in tree.c_paths:
        if not path.endswith(".c") or path.startswith(("examples/", "tests/", "bench/")):
            continue
        if path not in built:
            yield Finding(path, 1, "is in no part of the build")
        elif built[path] < os.path.getmtime(tree.full(path)):
            yield Finding(path, 1, "is newer than its object: build first")
