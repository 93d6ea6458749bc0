"""The checker of histories itself: each kind of fault is found."""

import pytest

from histories import check

A, B = "a", "b"


def _event(at, word, *ids, term=None):
    return {"mono_ns": at, "event": word, "term": term, "ids": [{"id": i, "token": t} for i, t in ids]}


def test_a_hand_over_is_right():
    told = {A: [_event(1, "gained", ("x", 1)), _event(2, "released", ("x", 1))], B: [_event(3, "gained", ("x", 2))]}
    assert not check(told)


def test_after_a_death_others_may_own():
    told = {A: [_event(1, "gained", ("x", 1)), _event(4, "gained", ("y", 9))], B: [_event(3, "gained", ("x", 2))]}
    assert not check(told, [(2, A)])


def _owned(name, first, last, token):
    return {name: [_event(first, "gained", ("x", token)), _event(last, "released", ("x", token))]}


@pytest.mark.parametrize("told, wrong", [
    ({**_owned(A, 1, 3, 1), **_owned(B, 2, 4, 2)}, "owned"),
    ({**_owned(A, 1, 2, 5), **_owned(B, 3, 4, 5)}, "token"),
    ({A: [_event(1, "leader", term=7)], B: [_event(2, "leader", term=7)]}, "term"),
])
def test_finds_what_is_wrong(told, wrong):
    found = check(told)
    assert len(found) == 1 and wrong in found[0]


def test_a_death_comes_too_late_to_excuse():
    told = {A: [_event(1, "gained", ("x", 1))], B: [_event(2, "gained", ("x", 2))]}
    assert check(told, [(3, A)])
