"""The installed headers: each compiles alone, as C and as C++, and liballot.so exports exactly what they declare."""

import os
import re
import subprocess
import tempfile

from .tree import Finding, output_of

C = (os.environ.get("CC", "cc"), "-x", "c", "-std=c17")
CXX = (os.environ.get("CXX", "c++"), "-x", "c++", "-std=c++17")
STRICT = ("-Wall", "-Wextra", "-Werror", "-pedantic")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
DECLARATION = re.compile(r"^ALLOT_API\b[^;(]*?(\w+)\s*\(", re.M)
LINKER_NAMES = {"_init", "_fini"}


def _compile(tree, compiler, source, *more):
    """The compiler's complaint about a text; empty: none."""
    command = [*compiler, *STRICT, "-I", tree.full("core/include"), "-", *more]
    run = subprocess.run(command, input=source, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return run.stdout.strip() or "the compiler failed" if run.returncode != 0 else ""


def _alone(compiler):
    def rule(tree):
        for path in tree.public_headers():
            include = f"#include <{path.removeprefix('core/include/')}>\n"
            # Twice, for its guard; the last line because C wants at least one declaration.
            complaint = _compile(tree, compiler, include * 2 + "extern int end_of_file;\n", "-fsyntax-only")
            if complaint:
                yield Finding(path, 1, f"does not compile alone as {compiler[2]}:\n{complaint}")

    return rule


alone_as_c = _alone(C)
alone_as_cxx = _alone(CXX)


def declared(tree):
    """name: (header, line) of every function that the headers declare to be exported."""
    functions = {}
    for path in tree.public_headers():
        text = COMMENT.sub(lambda comment: re.sub(r"[^\n]", " ", comment.group()), tree.text(path))
        for found in DECLARATION.finditer(text):
            functions[found.group(1)] = (path, text.count("\n", 0, found.start()) + 1)
    return functions


def _library(tree):
    return os.path.join(tree.build, "liballot.so")


def _exported(tree):
    table = output_of("nm", "--dynamic", "--defined-only", "--format=posix", _library(tree))
    return {line.split()[0].partition("@")[0] for line in table.splitlines()} - LINKER_NAMES


def exports(tree):
    if not os.path.exists(_library(tree)):
        yield Finding("CMakeLists.txt", 1, f"there is no {_library(tree)}: build first")
        return
    functions = declared(tree)
    exported = _exported(tree)
    for name in sorted(set(functions) - exported):
        yield Finding(*functions[name], f"{name} is declared, and liballot.so does not export it")
    for name in sorted(exported - set(functions)):
        yield Finding("CMakeLists.txt", 1, f"liballot.so exports {name}, which no installed header declares")


def links_from_cxx(tree):
    """C++ would look for mangled names of whatever is declared outside of extern "C"."""
    if not os.path.exists(_library(tree)):
        return  # told by exports()
    exported = _exported(tree)
    functions = {name: place for name, place in declared(tree).items() if name in exported}
    if not functions:
        return  # likewise
    headers = sorted({path for path, _ in functions.values()})
    source = "".join(f"#include <{path.removeprefix('core/include/')}>\n" for path in headers)
    table = ", ".join(f"reinterpret_cast<any>({name})" for name in sorted(functions))
    source += f"typedef void (*any)();\nany table[] = {{{table}}};\nint main() {{ return table[0] == nullptr; }}\n"
    with tempfile.TemporaryDirectory() as scratch:
        # The library comes after a switch back from "this is C++".
        complaint = _compile(tree, CXX, source, "-o", os.path.join(scratch, "a.out"), "-x", "none", _library(tree))
    if complaint:
        yield Finding("core/include/allot/allot.h", 1, f"a C++ program does not link:\n{complaint}")
