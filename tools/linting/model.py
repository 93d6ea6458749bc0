"""The model of the protocol says of each transition which functions it stands for: those have to be there."""

import re

from .tree import Finding

COMMENT = re.compile(r"/\*.*?\*/", re.S)
NAMED = re.compile(r"((?:[a-z_]{3,},\s+)*[a-z_]{3,}) \(([a-z/_]+\.c)\)")


def names_what_is_there(tree):
    for path in tree.paths:
        if not path.endswith(".pml"):
            continue
        text = tree.text(path)
        for comment in COMMENT.finditer(text):
            for named in NAMED.finditer(comment.group()):
                line = text.count("\n", 0, comment.start() + named.start()) + 1
                yield from _check(tree, path, line, re.split(r",\s+", named.group(1)), named.group(2))


def _check(tree, path, line, functions, file):
    sources = [p for p in tree.c_paths if f"/{p}".endswith(f"/{file}")]
    if not sources:
        yield Finding(path, line, f"there is no {file}")
    for function in functions if sources else ():
        if not any(re.search(rf"\b{function}\(", tree.text(p)) for p in sources):
            yield Finding(path, line, f"there is no {function} in {file}")
