"""Pending deprovisionings: who waits, who may go, and what the next process must know of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cxone_operator.api.tenant import AdmissionStatus, DeprovisioningStatus
from cxone_operator.core.deprovisioning import Admissions, Leaver
from cxone_operator.engine.memory.leavers import Hold, PendingDeprovisionings
from unit.engine.scene import clocks

HOLD = Hold("2026-11-23T12:00:00Z", "hash", "too many", ("jane@example.com", "john@example.com"))


class Leaving:
    """Leavers on a clock that the test moves."""

    def __init__(self) -> None:
        self.time = 0.0
        self.pending = PendingDeprovisionings(clocks(lambda: self.time))

    def come(self, *names: str, generation: int = 1) -> None:
        for name in names:
            self.pending.wait(leaver(name, generation))

    def admit(self, *names: str) -> None:
        self.pending.release([uid(name) for name in names], self.pending.admission(len(names)))


def uid(name: str) -> str:
    """With as many different characters as a real one has at its beginning."""
    return f"{name:-<8}-4d1c-9f3e"


def leaver(name: str, generation: int = 1) -> Leaver:
    return Leaver(uid(name), generation, f"{name}@example.com")


@pytest.fixture
def at() -> Leaving:
    return Leaving()


def test_the_first_and_the_newest_say_how_long_to_gather(at: Leaving) -> None:
    """Whoever waits already comes only once."""
    at.time = 5.0
    at.come("jane")
    at.time = 7.0
    at.come("john", "jane")
    at.time = 9.0
    at.come("john")
    assert (at.pending.began, at.pending.arrived) == (5.0, 7.0)


def test_a_new_spec_is_another_leaver(at: Leaving) -> None:
    """What was approved was somebody in another state."""
    at.come("jane")
    version, at.time = at.pending.version, 3.0
    at.come("jane", generation=2)
    assert at.pending.version > version
    assert (at.pending.arrived, list(at.pending.waiting.values())) == (3.0, [leaver("jane", 2)])


def test_when_all_have_gone_gathering_begins_anew(at: Leaving) -> None:
    at.come("jane")
    at.admit("jane")
    at.time = 60.0
    at.come("john")
    assert at.pending.began == 60.0


def test_a_suspect_is_none_when_it_is_known(at: Leaving) -> None:
    """It leaves, or it does not; and who was let through is none either."""
    at.pending.suspect(uid("jane"))
    at.pending.suspect(uid("john"))
    at.come("jane")
    assert at.pending.suspects == {uid("john")}
    at.pending.withdraw(uid("john"))
    at.admit("jane")
    at.pending.suspect(uid("jane"))
    assert at.pending.suspects == set()


def test_who_was_let_through_is_under_way_until_it_is_gone(at: Leaving) -> None:
    at.come("jane", "john")
    at.admit("jane")
    assert at.pending.is_released(uid("jane"))
    assert not at.pending.is_released(uid("john"))
    assert (at.pending.under_way, at.pending.admissions.users, list(at.pending.waiting)) == (1, 1, [uid("john")])
    at.pending.withdraw(uid("jane"))
    assert not at.pending.is_released(uid("jane"))
    assert (at.pending.under_way, at.pending.admissions.users) == (0, 1), "it counts in its window all the same"


def test_an_approval_uses_nothing_up(at: Leaving) -> None:
    """A person has looked at them."""
    at.come("jane")
    at.pending.release([uid("jane")], None)
    assert at.pending.is_released(uid("jane"))
    assert at.pending.admissions.users == 0


def test_only_who_waited_is_withdrawn_from_waiting(at: Leaving) -> None:
    """A hold that is being undone is told apart from leavers that have gone."""
    at.come("jane", "john")
    at.admit("john")
    at.time = 4.0
    at.pending.withdraw(uid("john"))
    assert at.pending.withdrawn == float("-inf")
    at.pending.withdraw(uid("jane"))
    assert at.pending.withdrawn == 4.0
    version = at.pending.version
    at.pending.withdraw(uid("nobody"))
    assert (at.pending.withdrawn, at.pending.version) == (4.0, version)


def test_an_admission_that_was_not_written_down_is_none(at: Leaving) -> None:
    """Whoever still wants to leave waits again, and whoever does not any more stays away."""
    at.come("jane", "john")
    before = at.pending.admissions
    at.pending.keep_hold(HOLD)
    at.admit("jane", "john")
    at.pending.keep_hold(None)
    at.pending.withdraw(uid("john"))
    at.pending.take_back([leaver("jane"), leaver("john")], before, HOLD)
    assert (list(at.pending.waiting), at.pending.admissions, at.pending.hold) == ([uid("jane")], before, HOLD)
    assert at.pending.under_way == 0


def test_the_window_moves(at: Leaving) -> None:
    """What lies before it counts no more, and that is news."""
    at.come("jane", "john", "joe")
    at.admit("jane")
    at.time = 30.0
    at.admit("john", "joe")
    assert at.pending.count_within(60.0) == 3
    at.time, version = 60.0, at.pending.version
    assert at.pending.count_within(60.0) == 2
    assert at.pending.version > version
    version = at.pending.version
    assert (at.pending.count_within(60.0), at.pending.version) == (2, version)


def test_a_hold_concerns_those_who_waited(at: Leaving) -> None:
    """The same one again is no news."""
    at.come("jane", "john")
    assert at.pending.held == 0
    at.pending.keep_hold(HOLD)
    assert (at.pending.held, at.pending.since) == (2, HOLD.since)
    version = at.pending.version
    at.pending.keep_hold(HOLD)
    assert at.pending.version == version
    at.pending.keep_hold(None)
    assert (at.pending.held, at.pending.since) == (0, None)


def test_the_status_says_all_of_it(at: Leaving) -> None:
    """Names in order, so that it changes only with them."""
    at.come("joe", "jane", "john")
    at.admit("joe")
    at.pending.keep_hold(HOLD)
    assert at.pending.status() == DeprovisioningStatus(
        held=2,
        plan_hash="hash",
        sample=("jane@example.com", "john@example.com"),
        held_since=HOLD.since,
        window_start="2026-11-23T12:00:00Z",
        used=1,
        admissions=(AdmissionStatus("2026-11-23T12:00:00Z", 1),),
        released=("joe-----",),
    )


def test_who_comes_later_is_not_told_under_the_same_hash(at: Leaving) -> None:
    """Somebody who reads it may approve that hash: it stands for those who are named beside it."""
    at.come("jane", "john")
    at.pending.keep_hold(HOLD)
    before = at.pending.status()
    at.come("joe")
    assert at.pending.status() == before


def test_nobody_is_named_who_is_not_held(at: Leaving) -> None:
    at.come("jane")
    status = at.pending.status()
    assert (status.held, status.sample, status.plan_hash) == (0, (), None)


def test_the_status_is_bounded(at: Leaving) -> None:
    """By what the CRD takes: the rest asks for a new approval after a crash."""
    names = [f"{number:05}" for number in range(2100)]
    at.come(*names)
    at.pending.keep_hold(replace(HOLD, user_names=tuple(names)))
    assert len(at.pending.status().sample) == 50
    at.admit(*names)
    assert len(at.pending.status().released) == 2000


def test_the_next_process_goes_on(at: Leaving) -> None:
    """With who was let through, what is used up and since when it holds."""
    at.come("jane", "john")
    at.admit("jane")
    at.pending.keep_hold(HOLD)
    heir = Leaving()
    heir.time = 20.0
    heir.pending.load(at.pending.status())
    assert heir.pending.is_released(uid("jane"))
    assert not heir.pending.is_released(uid("john"))
    assert (heir.pending.under_way, heir.pending.since, heir.pending.withdrawn) == (1, HOLD.since, 20.0)
    assert (heir.pending.count_within(60.0), heir.pending.count_within(20.0)) == (1, 0)
    assert heir.pending.status().released == ("jane----",)


def test_a_process_without_a_hold_behind_it_waits_for_nobody(at: Leaving) -> None:
    at.pending.load(DeprovisioningStatus())
    assert (at.pending.since, at.pending.withdrawn, at.pending.admissions) == (None, float("-inf"), Admissions())


def test_strangers_are_forgotten(at: Leaving) -> None:
    """Who was let through by an earlier process and has no resource any more is gone."""
    at.pending.load(DeprovisioningStatus(released=("jane----", "john----")))
    at.pending.forget_strangers([uid("john"), uid("joe")])
    assert not at.pending.is_released(uid("jane"))
    assert at.pending.is_released(uid("john"))
    assert at.pending.under_way == 1


def test_whom_this_process_let_through_is_no_stranger(at: Leaving) -> None:
    at.come("jane")
    at.admit("jane")
    at.pending.forget_strangers([])
    assert at.pending.is_released(uid("jane"))
