"""Small checkouts, each broken in one way: the rule that is there for it must find it, at its place, and no other rule
may find anything. A checkout that is in order must pass all rules."""

import os
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from .tree import Tree

PUBLIC = "core/include/allot/"
ENGINE = "core/engine/step.c"
MODULE = "plugins/module/module.c"

# A checkout in order.
GOOD = {
    PUBLIC + "types.h": """#ifndef ALLOT_TYPES_H
#define ALLOT_TYPES_H
#include <stdint.h>
#define ALLOT_API __attribute__((visibility("default")))
#endif
""",
    PUBLIC + "error.h": """#ifndef ALLOT_ERROR_H
#define ALLOT_ERROR_H
#include <allot/types.h>
#endif
""",
    PUBLIC + "strategy.h": """#ifndef ALLOT_STRATEGY_H
#define ALLOT_STRATEGY_H
#include <allot/types.h>
#endif
""",
    PUBLIC + "backend.h": """#ifndef ALLOT_BACKEND_H
#define ALLOT_BACKEND_H
#include <allot/types.h>
#endif
""",
    PUBLIC + "allot.h": """#ifndef ALLOT_ALLOT_H
#define ALLOT_ALLOT_H
#include <allot/types.h>
#ifdef __cplusplus
extern "C" {
#endif
/* ALLOT_API int not_declared(void); */
ALLOT_API int allot_open(void);
ALLOT_API const char *allot_text(int code,
                                 int more);
#ifdef __cplusplus
}
#endif
#endif
""",
    "base/bytes.h": """#ifndef BASE_BYTES_H
#define BASE_BYTES_H
int bytes_get(int i);
#endif
""",
    "base/bytes.c": """#include "base/bytes.h"

#include <string.h>

static const char *const names[] = {"a", "b"}; /* constant, though the loader writes it */

int bytes_get(int i)
{
    return (int)strlen(names[i & 1]);
}
""",
    ENGINE: """#include "base/bytes.h"

#include <assert.h>

int step(int i);

int step(int i)
{
    assert(i >= 0);
    return bytes_get(i);
}
""",
    "core/runtime/node.c": """#include <allot/allot.h>

#include <time.h>

int step(int i);

int allot_open(void)
{
    return step(time(0) > 0);
}

const char *allot_text(int code,
                       int more)
{
    return code > more ? "more" : "less";
}
""",
    "plugins/hash.c": """#include <allot/strategy.h>

#include <stdio.h>

int assign(char *text);

int assign(char *text)
{
    return snprintf(text, 1, "x");
}
""",
    "verify/line.c": "int line(int i);\n\nint line(int i)\n{\n    return i + 1;\n}\n",
    MODULE: """const void *allot_module(void);

__attribute__((visibility("default"))) const void *allot_module(void)
{
    static const int info = 1;
    return &info;
}
""",
    "backends/store/store.h": """#ifndef STORE_H
#define STORE_H
#endif
""",
    "backends/memory/lane.h": """#ifndef LANE_H
#define LANE_H
#endif
""",
    "backends/memory/memory.c": """#include "backends/store/store.h"

#include <allot/backend.h>

#include <stdlib.h>
""",
    "tests/unit/test.c": "static int fixture;\n\nint one(void);\nint one(void) { return fixture++; }\n",
    "Makefile": "all:\n",
    "docs/page.md": "# A page\n",
}


@dataclass
class Case:
    """Lines put behind the end of files, or files that are new, and where which rule must find what is wrong."""

    what: str
    rule: str
    where: str  # path:line
    added: dict = field(default_factory=dict)
    replaced: dict = field(default_factory=dict)  # path: (text, what is put instead)
    after_build: dict = field(default_factory=dict)  # like added, when the objects are there already
    libraries: list = field(default_factory=list)  # that its module needs


def _function(lines):
    """A function of that many lines, from its signature to its brace."""
    return "static inline int long_one(int i)\n{\n" + "    i++;\n" * (lines - 4) + "    return i;\n}\n"


def _at(path, line):
    """The place of the nth line that a case adds to a file."""
    return f"{path}:{GOOD.get(path, '').count(chr(10)) + line}"


def _include(path, name):
    line = f"#include {name}\n"
    return Case(f"{path} includes {name}", "layers", _at(path, 1), {path: line})


def _call(path, header, call, rule):
    text = f"#include <{header}>\nlong bad(char *p);\nlong bad(char *p)\n{{\n    return {call};\n}}\n"
    return Case(f"{path}: {call}", rule, _at(path, 5), {path: text})


ENGINE_RULE, BASE_RULE, PLUGIN_RULE = "the engine is pure", "base is pure", "plugins link nothing"
CHECKER_RULE = "the checker is pure"
FILE_LINES = 701 - GOOD["backends/store/store.h"].count("\n")

CASES = [
    _include(ENGINE, "<time.h>"),
    _include(ENGINE, "<unistd.h>"),
    _include(ENGINE, "<pthread.h>"),
    _include(ENGINE, "<check.h>"),
    _include(ENGINE, '"backends/store/store.h"'),
    _include(ENGINE, '"../../backends/store/store.h"'),
    _include("core/runtime/node.c", '"backends/store/store.h"'),
    _include("core/runtime/node.c", '"backends/memory/lane.h"'),
    _include("core/runtime/node.c", "<hiredis/hiredis.h>"),
    _include("backends/memory/memory.c", "<allot/allot.h>"),
    _include("backends/memory/memory.c", "<allot/strategy.h>"),
    _include("plugins/hash.c", "<allot/allot.h>"),
    _include("plugins/hash.c", '"base/bytes.h"'),
    _include("plugins/hash.c", "<time.h>"),
    _include("base/bytes.c", "<allot/allot.h>"),
    _include("base/bytes.c", "<unistd.h>"),
    _include("verify/line.c", "<allot/allot.h>"),
    _include("verify/line.c", "<unistd.h>"),
    _include("backends/redis/redis.h", '"backends/store/store.h"'),
    _include("backends/other/other.h", '"backends/store/store.h"'),
    _include("cli/main.h", '"base/../core/engine/../../backends/store/store.h"'),
    _include("cli/main.h", "<allot/backend.h>"),
    _include("config/config.h", "<allot/strategy.h>"),
    _include("sim/sim.h", "<yaml.h>"),
    _include(PUBLIC + "error.h", "<time.h>"),
    Case("a folder of no layer", "layers", "elsewhere/x.h:1", {"elsewhere/x.h": "#define X 1\n"}),
    Case("a line of 121 columns", "lines", _at(ENGINE, 1), {ENGINE: "/*" + "x" * 117 + "*/\n"}),
    Case("a tab", "tabs", _at(ENGINE, 1), {ENGINE: "/*\t*/\n"}),
    Case("a function that is gone", "the model names what is there", "docs/model/a.pml:1",
         {"docs/model/a.pml": "/* bytes_get,\n   bytes_gone (bytes.c) */\n"}),
    Case("a file that is gone", "the model names what is there", "docs/model/a.pml:1",
         {"docs/model/a.pml": "/* bytes_get (base/gone.c) */\n"}),
    Case("a word in C", "unfinished work", _at(ENGINE, 1), {ENGINE: "/* TO" "DO */\n"}),
    Case("words in a page", "unfinished work", _at("docs/page.md", 2), {"docs/page.md": "\nEnough For " "now.\n"}),
    Case("a word in a Makefile", "unfinished work", _at("Makefile", 1), {"Makefile": "# FIX" "ME\n"}),
    Case("a word in a script", "unfinished work", "tools/x:2", {"tools/x": "#!/bin/sh\n# HA" "CK\n"}),
    Case("701 lines", "files", "backends/store/store.h:701", {"backends/store/store.h": "\n" * FILE_LINES}),
    Case("a function of 71 lines", "functions", _at(ENGINE, 2), {ENGINE: "\n" + _function(71)}),
    Case("a function of 71 lines, its signature on two", "functions", _at(ENGINE, 2),
         {ENGINE: "\n" + _function(70).replace("long_one(int", "long_one(\n    int")}),
    Case("a brace that hides a function", "functions", _at(ENGINE, 1),
         {ENGINE: "static inline int hidden(int i) {\n    return i;\n}\n"}),
    Case("a second line after a brace", "functions", _at(ENGINE, 1),
         {ENGINE: "static inline int hidden(int i) { i++;\n    return i; }\n"}),
    Case("a header that needs another one", "headers as C", PUBLIC + "view.h:1",
         {PUBLIC + "view.h": "#ifdef __cplusplus\n#else\nextern uint32_t view;\n#endif\n"}),
    Case("a header without a guard", "headers as C", PUBLIC + "view.h:1",
         {PUBLIC + "view.h": "#ifndef __cplusplus\nenum { VIEW };\n#endif\n"}),
    Case("a header that is no C++", "headers as C++", PUBLIC + "view.h:1",
         {PUBLIC + "view.h": "#ifndef VIEW_H\n#define VIEW_H\nstruct view { int *restrict class; };\n#endif\n"}),
    Case("a source that is not built", "built", "cli/new.c:1", after_build={"cli/new.c": "int x(void);\n"}),
    Case("an object older than its source", "built", ENGINE + ":1", after_build={ENGINE: "int step2(int i);\n"}),
    _call(ENGINE, "stdlib.h", "rand()", ENGINE_RULE),
    _call(ENGINE, "stdlib.h", "getenv(p) != 0", ENGINE_RULE),
    _call(ENGINE, "stdio.h", "puts(p)", ENGINE_RULE),
    _call(ENGINE, "string.h", "strtok(p, p) != 0", ENGINE_RULE),
    _call("base/bytes.c", "stdlib.h", "random()", BASE_RULE),
    _call("base/bytes.c", "string.h", "*strerror(*p)", BASE_RULE),
    _call("verify/line.c", "stdio.h", "puts(p)", CHECKER_RULE),
    _call("plugins/hash.c", "stdlib.h", "*(char *)realloc(p, 1)", PLUGIN_RULE),
    _call("plugins/hash.c", "stdio.h", "puts(p)", PLUGIN_RULE),
    Case("the engine calls the runtime", ENGINE_RULE, _at(ENGINE, 1),
         {ENGINE: "int allot_open(void);\nint bad(void);\nint bad(void)\n{\n    return allot_open();\n}\n"}),
    Case("a plugin calls base", PLUGIN_RULE, _at("plugins/hash.c", 1),
         {"plugins/hash.c": "int bytes_get(int i);\nint bad(void);\nint bad(void)\n{\n    return bytes_get(1);\n}\n"}),
    Case("a global", "no globals", _at(ENGINE, 1), {ENGINE: "extern int counter;\nint counter;\n"}),
    Case("a global with a value", "no globals", _at(ENGINE, 1), {ENGINE: "extern int counter;\nint counter = 7;\n"}),
    Case("a pointer that can change", "no globals", _at("base/bytes.c", 1),
         {"base/bytes.c": "extern const char *word;\nconst char *word = \"x\";\n"}),
    Case("a static in a function", "no globals", _at("core/runtime/node.c", 4),
         {"core/runtime/node.c": "int next(void);\nint next(void)\n{\n    static int counter;\n"
                                 "    return counter++;\n}\n"}),
    Case("a thread's own global", "no globals", _at("core/runtime/node.c", 2),
         {"core/runtime/node.c": "int next(void);\nstatic _Thread_local int counter;\n"
                                 "int next(void)\n{\n    return counter++;\n}\n"}),
    Case("a global of what tests share", "no globals", "tests/lib/x.c:1",
         {"tests/lib/x.c": "extern int counter;\nint counter;\n"}),
    Case("declared, not exported", "exports", _at(PUBLIC + "backend.h", 1),
         {PUBLIC + "backend.h": "ALLOT_API int allot_absent(void);\n"}),
    Case("exported, not declared", "exports", "CMakeLists.txt:1",
         {"core/runtime/node.c": "ALLOT_API int allot_secret(void);\nint allot_secret(void)\n{\n    return 1;\n}\n"}),
    Case("a module that exports more", "modules export one function", "cmake/modules.cmake:1",
         {MODULE: "__attribute__((visibility(\"default\"))) int more(void);\nint more(void)\n{\n    return 1;\n}\n"}),
    Case("a module without its function", "modules export one function", "cmake/modules.cmake:1",
         replaced={MODULE: ("__attribute__((visibility(\"default\"))) ", "")}),
    Case("a strategy that needs a library", "strategies need nothing", "cmake/modules.cmake:1", libraries=["-lm"]),
    Case("exported under a name that C++ does not look for", "links from C++", PUBLIC + "allot.h:1",
         replaced={PUBLIC + "allot.h": ('extern "C"', 'extern "C++"')}),
]


def _write(root, case):
    for path, text in GOOD.items():
        if path in case.replaced:
            text = text.replace(*case.replaced[path])
        _put(root, path, text)
    for path, text in case.added.items():
        _put(root, path, text, "a")


def _put(root, path, text, mode="w"):
    full = os.path.join(root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, mode, encoding="utf-8") as file:
        file.write(text)


def _build(root, libraries):
    build = os.path.join(root, "build")
    objects = []
    modules = []
    for source in Tree(root, build).c_paths:
        if source.endswith(".c"):
            target = os.path.join(build, "CMakeFiles", "x.dir", source + ".o")
            os.makedirs(os.path.dirname(target), exist_ok=True)
            # As a release is built: what is asserted stays in, what is never used goes.
            subprocess.run(["cc", "-std=gnu17", "-O2", "-fPIC", "-fvisibility=hidden", "-I", root,
                            "-I", os.path.join(root, "core/include"), "-c", source, "-o", target],
                           cwd=root, check=True)
            (modules if source == MODULE else objects).append(target)
    subprocess.run(["cc", "-shared", "-o", os.path.join(build, "liballot.so"), *objects], check=True)
    os.mkdir(os.path.join(build, "allot"))
    subprocess.run(["cc", "-shared", "-o", os.path.join(build, "allot", "allot_strategy_hash.so"), *modules,
                    "-Wl,--no-as-needed", *libraries], check=True)


def _is_compiled(case):
    """Cases about includes name headers that this machine may lack, or that do not fit each other."""
    return case.rule != "layers"


def _found(rules, tree):
    return {f"{name} at {f.path}:{f.line}" for name, rule in rules.items() for f in rule(tree)}


def _run_case(rules, case):
    """What is wrong with the answer to a case; empty: nothing."""
    with tempfile.TemporaryDirectory() as root:
        _write(root, case)
        checked = rules
        if _is_compiled(case):
            _build(root, case.libraries)
            for path, text in case.after_build.items():
                _put(root, path, text, "a")
                later = os.path.getmtime(os.path.join(root, path)) + 10
                os.utime(os.path.join(root, path), (later, later))
        else:
            checked = {"layers": rules["layers"]}
        wanted = {f"{case.rule} at {case.where}"} if case.rule else set()
        found = _found(checked, Tree(root, os.path.join(root, "build")))
    return "" if found == wanted else f"wanted {sorted(wanted)}, found {sorted(found)}"


def run(rules):
    """(failed, total)"""
    cases = [Case("a checkout in order", "", ""), *CASES]
    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = pool.map(lambda case: _run_case(rules, case), cases)
    for case, fault in zip(cases, faults):
        if fault:
            print(f"tools/lint --self-test: {case.what}: {fault}")
            failed += 1
    untested = set(rules) - {case.rule for case in cases}
    for rule in sorted(untested):
        print(f"tools/lint --self-test: no case for the rule '{rule}'")
    return failed + len(untested), len(cases) + len(untested)
