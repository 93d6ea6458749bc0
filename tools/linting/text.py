"""What every source file has to look like: lengths, tabs, words."""

import re

from .tree import Finding

LINE_COLUMNS_MAX = 120
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 700

# Words that admit unfinished work; in pieces, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(TO" "DO|FIX" "ME|X" "XX|HA" "CK)\\b|\\b(?i:for " r"now)\b")
SIGNATURE_END = re.compile(r"^\s*$|[;}]$|\*/$|^#|^/\*|^//")


def line_length(tree):
    for path in tree.c_paths:
        for number, line in tree.lines(path):
            if len(line) > LINE_COLUMNS_MAX:
                yield Finding(path, number, f"{len(line)} columns, at most {LINE_COLUMNS_MAX}")


def no_tabs(tree):
    for path in tree.c_paths:
        for number, line in tree.lines(path):
            if "\t" in line:
                yield Finding(path, number, "a tab")


def no_unfinished_work(tree):
    for path in tree.paths:
        for number, line in tree.lines(path):
            found = UNFINISHED.search(line)
            if found:
                yield Finding(path, number, f"'{found.group()}': finish it or leave it out")


def file_length(tree):
    for path in tree.c_paths:
        lines = tree.text(path).count("\n")
        if lines > FILE_LINES_MAX:
            yield Finding(path, lines, f"{lines} lines, at most {FILE_LINES_MAX}")


def function_length(tree):
    """Counts from the first line of the signature to the closing brace. That is exact as long as a function's braces
    stand alone in column 0, so anything else is an error too; only a function of one line may have both on it."""
    for path in tree.c_paths:
        lines = [line for _, line in tree.lines(path)]
        opened = None
        for at, line in enumerate(lines):
            if line == "{":
                opened = at
            elif line == "}" and opened is not None:
                yield from _check_function(path, lines, opened, at)
                opened = None
            elif re.match(r"\w.*\)\s*\{", line) and line.count("{") != line.count("}"):
                yield Finding(path, at + 1, "a function's opening brace belongs on a line of its own")


def _check_function(path, lines, opened, closed):
    start = opened
    while start > 0 and not SIGNATURE_END.search(lines[start - 1]):
        start -= 1
    length = closed - start + 1
    if length > FUNCTION_LINES_MAX:
        name = re.search(r"(\w+)\s*\(", " ".join(lines[start:opened]) + "(")
        yield Finding(path, start + 1, f"{name.group(1)}: {length} lines, at most {FUNCTION_LINES_MAX}")
