"""In-doubt writes: from when on an absence proves something."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cxone_operator.api.conditions import timestamp
from cxone_operator.core.work import REQUEST_SECONDS
from cxone_operator.engine.memory.doubts import InDoubt
from unit.builders import NOW
from unit.engine.scene import clocks

JANE, JOHN = "uid-jane", "uid-john"


class Time:
    """A clock that the test moves, and the doubts of a process that begins at 100."""

    def __init__(self) -> None:
        self.time = 100.0
        self.in_doubt = InDoubt(clocks(lambda: self.time))


@pytest.fixture
def at() -> Time:
    return Time()


def moment(seconds: float) -> str:
    """As it stands on the tenant's status."""
    return timestamp(NOW + timedelta(seconds=seconds))


def test_an_earlier_process_may_have_sent_something(at: Time) -> None:
    """For as long as a single request may take to have its effect."""
    assert at.in_doubt.until(JANE) == 100.0 + REQUEST_SECONDS


def test_nobody_but_us_has_done_anything_for_whom_we_claim(at: Time) -> None:
    """A resource without our finalizer was nobody's business before."""
    at.in_doubt.claimed(JANE)
    assert at.in_doubt.until(JANE) == float("-inf")
    assert at.in_doubt.until(JOHN) == 100.0 + REQUEST_SECONDS


def test_a_request_of_ours_leaves_a_doubt_of_its_own(at: Time) -> None:
    """Also about somebody whom we have claimed; the longest counts."""
    at.in_doubt.claimed(JANE)
    at.in_doubt.add(JANE, 900.0)
    at.time = 110.0
    at.in_doubt.add(JANE, 35.0)
    assert at.in_doubt.until(JANE) == 1000.0
    assert at.in_doubt.until(JOHN) == 100.0 + REQUEST_SECONDS


def test_a_resource_that_is_gone_leaves_nothing_of_its_own(at: Time) -> None:
    at.in_doubt.claimed(JANE)
    at.in_doubt.add(JANE, 900.0)
    at.in_doubt.forget(JANE)
    assert at.in_doubt.until(JANE) == 100.0 + REQUEST_SECONDS


def test_a_doubt_is_passed_on_to_the_heir(at: Time) -> None:
    """Its user is the same, so the request may create that one as well; what the heir doubts itself stays."""
    at.in_doubt.claimed(JOHN)
    at.in_doubt.add(JANE, 900.0)
    at.in_doubt.inherit(JOHN, at.in_doubt.until(JANE))
    at.in_doubt.forget(JANE)
    assert at.in_doubt.until(JOHN) == 1000.0
    at.in_doubt.inherit(JOHN, at.in_doubt.until(JANE))
    assert at.in_doubt.until(JOHN) == 1000.0


def test_what_this_process_has_sent_is_told_from_the_rest(at: Time) -> None:
    """Of a request of its own a process knows for whom it was."""
    at.in_doubt.add(JANE, 900.0)
    at.in_doubt.inherit(JOHN, at.in_doubt.until(JANE))
    assert (at.in_doubt.own(JANE), at.in_doubt.own(JOHN)) == (1000.0, float("-inf"))


def test_the_end_of_a_doubt_is_told_once(at: Time) -> None:
    """When its last request has ended; not of somebody who is gone."""
    at.in_doubt.add(JANE, 50.0)
    at.in_doubt.add(JOHN, 50.0)
    at.in_doubt.forget(JOHN)
    at.time = 120.0
    at.in_doubt.add(JANE, 50.0)
    for at.time, ended in ((150.0, []), (170.0, [JANE]), (500.0, [])):
        assert at.in_doubt.ended() == ended


def test_what_an_earlier_process_began_may_last_longer(at: Time) -> None:
    """A job of its that was given up; never shorter than was known."""
    at.in_doubt.extend(500.0)
    at.in_doubt.extend(200.0)
    assert at.in_doubt.until(JANE) == 500.0


def test_a_submission_is_on_the_status_until_its_job_is_known(at: Time) -> None:
    """Several at once: the last to end counts."""
    assert at.in_doubt.status() is None
    first = at.in_doubt.begin_submission(900.0)
    at.time = 110.0
    second = at.in_doubt.begin_submission(900.0)
    assert at.in_doubt.status() == moment(1010.0)
    at.in_doubt.end_submission(second)
    assert at.in_doubt.status() == moment(1000.0)
    at.in_doubt.end_submission(first)
    at.in_doubt.end_submission(first)
    assert at.in_doubt.status() is None


def test_two_submissions_are_never_taken_for_each_other(at: Time) -> None:
    """Also where an earlier one has ended before a later one."""
    first, second = at.in_doubt.begin_submission(900.0), at.in_doubt.begin_submission(900.0)
    at.in_doubt.end_submission(first)
    third = at.in_doubt.begin_submission(900.0)
    assert third != second
    at.in_doubt.end_submission(third)
    assert at.in_doubt.status() == moment(1000.0)


def test_a_submission_of_an_earlier_process_is_waited_for(at: Time) -> None:
    """Its job has no name that anybody knows; it stays on the status until it must have ended."""
    at.in_doubt.load(moment(400.0), 900.0)
    assert at.in_doubt.until(JANE) == 400.0
    assert at.in_doubt.status() == moment(400.0)
    at.time = 400.0
    assert at.in_doubt.status() is None


def test_a_submission_that_must_have_ended_is_none(at: Time) -> None:
    at.in_doubt.load(moment(90.0), 900.0)
    assert at.in_doubt.until(JANE) == 100.0 + REQUEST_SECONDS
    assert at.in_doubt.status() is None


def test_a_clock_that_was_wrong_keeps_nobody_for_ever(at: Time) -> None:
    """No job lasts longer than a job may."""
    at.in_doubt.load(moment(86_400.0), 900.0)
    assert at.in_doubt.until(JANE) == 1000.0
    assert at.in_doubt.status() == moment(1000.0)
