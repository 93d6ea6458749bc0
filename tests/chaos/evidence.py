"""The table of docs/evidence.md, out of the outcomes that were recorded."""

import datetime
import os
import re
import subprocess

from builds import ROOT

PAGE = os.path.join(ROOT, "docs", "evidence.md")
BEGIN, END = "<!-- chaos: begin -->\n", "<!-- chaos: end -->\n"


def _git(*arguments):
    done = subprocess.run(["git", "-C", ROOT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          check=False)
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def _seconds(value):
    return f"{value:.1f} s"


def cell(outcome):
    """What was seen of it, in words."""
    if outcome is None:
        return ""
    seen = outcome["seen"]
    if outcome["outcome"] == "refused":
        message = re.sub(r"/tmp/\S*?/(store|copy|server)\b", "PATH", outcome["message"].splitlines()[0])
        return f"refused: `{message.removeprefix('error: ')[:110].replace('|', '/')}`"
    words = []
    words += [f"rule `{rule}` broken {count} times" for rule, count in seen.get("broken", {}).items()]
    if outcome["outcome"] == "degraded":
        words.append(f"{seen['fenced']} of {seen['others']} fenced")
    if seen["away_s"] >= 0.1:
        words.append(f"store away {_seconds(seen['away_s'])}")
    if seen["unowned_s"] >= 0.1:
        words.append(f"an id unowned {_seconds(seen['unowned_s'])} at most")
    return outcome["outcome"] + (": " if words else "") + ", ".join(words)


def table(outcomes):
    day = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    rows = {}
    for outcome in outcomes:
        rows.setdefault((outcome["scenario"], outcome["fault"]), {})[outcome["backend"]] = outcome
    uncovered = sum(outcome["outcome"] == "not covered" for outcome in outcomes)
    yield f"{len(outcomes)} runs of {len(rows)} scenarios, all as expected; all proved, but for {uncovered} that are " \
          f"not covered; on {day}, at {_git('rev-parse', '--short', 'HEAD')}.\n\n"
    yield "| what is done | scenario | file | Redis |\n|---|---|---|---|\n"
    for (name, fault), by in rows.items():
        yield f"| {fault} | `{name}` | {cell(by.get('file'))} | {cell(by.get('redis'))} |\n"


def write(outcomes):
    with open(PAGE, encoding="utf-8") as file:
        before, begin, rest = file.read().partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin and end, f"{PAGE} has no place for the table"
    with open(PAGE, "w", encoding="utf-8") as file:
        file.writelines([before, BEGIN, *table(outcomes), END, after])
