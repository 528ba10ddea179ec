"""The door: whatever happens to a user comes in here, and every effect of it is carried out where it belongs."""

from __future__ import annotations

import pytest

from cxone_operator.api.reasons import Reason
from cxone_operator.core.actions import Create, Deactivate, Reclaim, Update
from cxone_operator.core.failure import Failure, Scope
from cxone_operator.core.knowledge import UNKNOWN, Absent, Present, Proof
from cxone_operator.core.seats import Quota
from cxone_operator.core.users import Change, Field
from cxone_operator.core.work import REQUEST_SECONDS, Accepted, Done, Ended, Failed, Left, Phase, Planned, Seen
from cxone_operator.engine.send.failures import failed
from cxone_operator.telemetry.audit import Result
from unit.builders import a_remote, a_state, a_user
from unit.engine.scene import Scene, value

JANE = "uid-jane"
KEY = "jane@example.com"
LOST = Failure(Reason.REMOTE_UNAVAILABLE, "the connection broke", retryable=True, uncertain=True, code="connection")


def creating(**spec: object) -> Scene:
    """Jane is being created, in a tenant whose users and seats are known."""
    scene = Scene(**spec)
    scene.snapshot()
    scene.memory.seats.learn(Quota(10, 4), 0.0)
    jane = a_user("jane")
    scene.see(jane)
    scene.sends(jane, Create(a_state("jane")))
    return scene


# Created users.


@pytest.mark.parametrize(
    ("failure", "policy", "counted"),
    [
        pytest.param(Failure(Reason.ROLE_NOT_FOUND, "", retryable=False, code="400"), "Adopt", 1, id="refused"),
        pytest.param(
            Failure(Reason.ALREADY_EXISTS, "", retryable=False, news=True, code="409"), "Adopt", 0, id="adopted instead"
        ),
        pytest.param(
            Failure(Reason.ALREADY_EXISTS, "", retryable=False, news=True, code="409"), "Never", 1, id="not adopted"
        ),
        pytest.param(Failure(Reason.REMOTE_UNAVAILABLE, "", retryable=True, code="503"), "Adopt", 0, id="repeated"),
        pytest.param(
            Failure(Reason.AUTHENTICATION_FAILED, "", retryable=False, scope=Scope.TENANT, code="401"),
            "Adopt",
            0,
            id="nobody's own",
        ),
    ],
)
def test_a_creation_has_failed_when_it_is_given_up(failure: Failure, policy: str, counted: int) -> None:
    scene = Scene()
    scene.time = REQUEST_SECONDS + 1  # nothing of an earlier process may still create her
    user = a_user("jane", adoptionPolicy=policy)
    scene.see(user)
    before = value("users_provisioned_total", result="failure") or 0
    attempt = scene.sends(user, Create(a_state("jane")))
    scene.door.on(JANE, failed(scene.memory, attempt, failure))
    assert (value("users_provisioned_total", result="failure") or 0) - before == counted
    assert scene.line.result is Result.FAILURE


def test_only_creations_count() -> None:
    scene = Scene()
    user = a_user("jane")
    scene.see(user)
    before = value("users_provisioned_total", result="failure")
    action = Update(a_remote("jane"), Change(a_state("jane"), (Field.ROLES,)), takes_seat=False)
    attempt = scene.sends(user, action)
    scene.door.on(JANE, failed(scene.memory, attempt, Failure(Reason.ROLE_NOT_FOUND, "", retryable=False, code="400")))
    assert value("users_provisioned_total", result="failure") == before
    assert scene.work(user).phase is Phase.STALLED


def test_a_creation_has_succeeded_when_it_is_seen() -> None:
    """Not when CXone says that it has done it without showing anybody."""
    scene = creating()
    before = value("users_provisioned_total", result="success") or 0
    scene.door.on(JANE, Done())
    assert (value("users_provisioned_total", result="success") or 0) == before
    scene.door.on(JANE, Seen(Present(a_remote())))
    assert (value("users_provisioned_total", result="success") or 0) == before + 1


# Effects.


def test_an_answer_that_shows_nothing_makes_the_user_unknown() -> None:
    scene = creating()
    assert scene.memory.directory.known(KEY, 0.0) == Absent(0.0, Proof.LISTED)
    scene.door.on(JANE, Done())
    assert scene.memory.directory.known(KEY, 0.0) == UNKNOWN


def test_a_lost_create_may_still_happen() -> None:
    """Until its time is over, an absence proves nothing."""
    scene = creating()
    scene.time = 100.0
    scene.door.on(JANE, Failed(LOST, 35.0))
    assert scene.memory.in_doubt.until(JANE) == 135.0
    assert scene.memory.directory.known(KEY, 100.0) == UNKNOWN


def test_a_seat_is_promised_by_the_request_and_kept_while_nobody_knows() -> None:
    scene = creating()
    assert scene.memory.seats.reserved == 1
    scene.door.on(JANE, Failed(LOST, 35.0))
    assert scene.memory.seats.reserved == 1


def test_a_refusal_for_good_gives_the_seat_back() -> None:
    scene = creating()
    attempt = scene.work(a_user("jane")).attempt
    assert attempt is not None
    scene.door.on(JANE, failed(scene.memory, attempt, Failure(Reason.ROLE_NOT_FOUND, "", retryable=False)))
    assert scene.memory.seats.reserved == 0


def test_a_refusal_for_want_of_a_seat_has_them_counted_again() -> None:
    """Somebody else has taken it."""
    scene = creating()
    assert not scene.memory.seats.read_due(1.0)
    scene.door.on(JANE, Failed(Failure(Reason.LICENSE_UNAVAILABLE, "no seat is free", retryable=True)))
    assert (scene.memory.seats.reserved, scene.memory.seats.read_due(1.0)) == (0, True)


def test_a_deactivation_vacates_a_seat_and_a_reclaim_settles_it() -> None:
    scene = Scene()
    jane = a_user("jane", active=False)
    scene.see(jane)
    scene.memory.seats.learn(Quota(10, 4), 0.0)
    for number in range(20):
        scene.memory.seats.vacate(f"uid-{number}", 0.0)
    scene.sends(jane, Deactivate(a_remote()))
    scene.door.on(JANE, Done(Present(a_remote(active=False))))
    assert not scene.memory.seats.release_due(JANE), "where many leave, CXone gets the time to do it by itself"
    assert scene.memory.seats.read_due(0.0)
    scene.sends(jane, Reclaim(a_remote(active=False)))
    scene.door.on(JANE, Done())
    assert scene.memory.seats.release_due(JANE), "settled: it is none of those that are waited for"


def test_who_leaves_a_job_may_still_be_created_by_it() -> None:
    scene = creating()
    scene.door.on(JANE, Accepted("job-1"))
    scene.door.on(JANE, Left(900.0))
    assert scene.memory.in_doubt.until(JANE) == 900.0
    assert scene.memory.directory.known(KEY, 0.0) == UNKNOWN


# Answers, and resources that go.


def test_whoever_is_answered_is_looked_at_again() -> None:
    scene = creating()
    scene.door.answered(JANE, Done(Present(a_remote())))
    assert (scene.marked(), scene.wakes) == ({"jane"}, 1)


def test_a_request_for_a_resource_that_is_gone_is_waited_for() -> None:
    """Its line is written when its end is known, under the name of the user."""
    scene = creating()
    scene.door.lose(JANE)
    assert scene.lines == []
    assert scene.memory.resources.get(JANE) is None
    scene.door.answered(JANE, Done(Present(a_remote())))
    assert (scene.line.result, scene.line.user_name) == (Result.SUCCESS, KEY)
    assert len(scene.memory.works) == 0


def test_a_resource_that_goes_before_its_user_is_read_back() -> None:
    scene = creating()
    scene.door.on(JANE, Ended())
    scene.door.lose(JANE)
    assert (scene.line.result, len(scene.memory.works)) == (Result.UNKNOWN, 0)


def test_a_resource_that_goes_with_nothing_open_says_nothing() -> None:
    """And what was refused is news again, should it come back."""
    scene = Scene()
    jane = a_user("jane")
    scene.see(jane)
    scene.door.on(JANE, Planned(Phase.QUEUED))
    scene.trail.refused(jane, Reason.PROTECTED_USER, "protected")
    scene.door.lose(JANE)
    assert len(scene.memory.works) == 0
    scene.trail.refused(jane, Reason.PROTECTED_USER, "protected")
    assert [line.result for line in scene.lines] == [Result.REFUSED] * 2


def test_the_end_of_the_process_closes_what_is_open() -> None:
    scene = creating()
    john = a_user("john")
    scene.see(john)
    scene.door.on("uid-john", Planned(Phase.QUEUED))
    scene.door.close()
    assert (scene.line.result, scene.line.user_name, len(scene.memory.works)) == (Result.UNKNOWN, KEY, 0)
