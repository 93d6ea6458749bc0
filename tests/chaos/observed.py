"""What the events of replicas show of a fault: leases that ended, a store that was away, ids that were nobody's."""

import time


def _longest_away_s(events, begin_ns):
    """From store_down to store_up, the longest; what was down at the beginning counts from there."""
    longest, since = 0, None
    for event in events:
        if event["event"] == "store_down":
            since = event["mono_ns"]
        elif event["event"] == "store_up" and since is not None:
            longest, since = max(longest, event["mono_ns"] - since), None
    return max(longest, time.monotonic_ns() - max(since, begin_ns) if since is not None else 0) / 1e9


def _longest_unowned_s(stage, since, deaths):
    """How long an id that is kept was nobody's, from its end or its owner's death to its next owner."""
    records = [(at, 0, name, "died", "") for at, name in deaths]
    for replica, first in since.items():
        for number, event in enumerate(replica.events):
            if event["event"] in ("gained", "lost", "released"):
                rank = 2 if event["event"] == "gained" else 1
                records += [(event["mono_ns"], rank, replica.name, event["event"], i["id"]) for i in event["ids"]
                            if i["id"].startswith("keep-") and (number >= first or event["event"] == "gained")]
    owner, ended, longest = {}, {}, 0
    for at, _, name, word, item in sorted(records, key=lambda r: r[:2]):
        if word == "gained":
            longest = max(longest, at - ended.pop(item, at))
            owner[item] = name
        elif word == "died":
            ended.update((i, at) for i, o in owner.items() if o == name and i not in ended)
        elif owner.get(item) == name:
            ended.setdefault(item, at)
    return longest / 1e9


def observe(stage, since, deaths, begin_ns):
    """Of the replicas that were not struck: who was fenced, how long the store was away. How long ids were nobody's."""
    with stage.group.changed:
        every = {replica: since.get(replica, 0) for replica in stage.group.replicas}
        others = {r: r.events[first:] for r, first in every.items() if r.name not in stage.struck}
        fenced = sorted({r.name for r, events in others.items() if any(e["event"] == "fenced" for e in events)})
        away_s = max((_longest_away_s(events, begin_ns) for events in others.values()), default=0)
        unowned_s = _longest_unowned_s(stage, every, stage.group.deaths[deaths:])
    return {"fenced": len(fenced), "others": len({r.name for r in others}), "away_s": round(away_s, 2),
            "unowned_s": round(unowned_s, 2)}
