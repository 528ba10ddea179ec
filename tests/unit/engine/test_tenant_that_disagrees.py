"""A CXone that never agrees about a user, for more than an hour: what that costs, and what the audit trail tells."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from cxone_operator.api.user import CxoneUser
from cxone_operator.core.actions import RemoteAction
from cxone_operator.core.knowledge import UNKNOWN, Knowledge, Present
from cxone_operator.core.users import RemoteUser
from cxone_operator.scim.errors import AlreadyExists, BadRequest, Conflict, ScimError
from unit.builders import a_remote, a_user
from unit.engine.tenant_scene import Living, Scene, a_resource

pytestmark = [pytest.mark.looptime, pytest.mark.campaign]

PERIOD = 600
BEGIN_SECONDS = 3 * PERIOD
"""A first period in which all may seem to be well, ten minutes, and more than the pauses take to grow."""
WATCHED_SECONDS = 4 * PERIOD
Answer = Callable[[Any], Knowledge]


class Stubborn(Living):
    """A CXone with an answer of its own to every change."""

    answer: Answer

    def _do(self, action: Any) -> Knowledge:
        return self.answer(action)


@dataclass(frozen=True)
class Case:
    """What is wanted, of whom, and what CXone says to it."""

    user: CxoneUser
    there: RemoteUser | None
    answer: Answer


def shows(user: RemoteUser) -> Answer:
    """Success, and this user."""
    return lambda _: Present(user)


def says_nothing(_: RemoteAction) -> Knowledge:
    """204, or 201 without a body."""
    return UNKNOWN


def refuses(error: ScimError) -> Answer:
    """The same each time."""

    def answer(_: RemoteAction) -> Knowledge:
        raise error

    return answer


JANE = a_remote()
PROMOTED, INACTIVE = a_user(role="Supervisor"), a_user(active=False)
DEPARTED, ERASED = a_user(deleting=True), a_user(deleting=True, deletionPolicy="Delete")
RENAMED = a_user(userName="jones@example.com", status={"userId": "id-jane"})
TO_RENAME = a_remote(emails=a_remote("jones").state.emails)
WRONG = BadRequest("no", code="400")
CASES = {
    "a field kept in another form": Case(a_user(timezone="UTC"), JANE, shows(a_remote(timezone="Etc/Other"))),
    "a change ignored": Case(PROMOTED, JANE, shows(JANE)),
    "a change ignored, and not shown": Case(PROMOTED, JANE, says_nothing),
    "a deactivation ignored": Case(INACTIVE, JANE, shows(JANE)),
    "a deactivation ignored, and not shown": Case(INACTIVE, JANE, says_nothing),
    "a deactivation ignored, of a resource that goes": Case(DEPARTED, JANE, shows(JANE)),
    "201, and nobody there": Case(a_user(), None, shows(JANE)),
    "201, nobody shown, and nobody there": Case(a_user(), None, says_nothing),
    "204 to a deletion, and still there": Case(ERASED, replace(JANE, state=a_remote(active=False).state), says_nothing),
    "400 to a creation": Case(a_user(), None, refuses(WRONG)),
    "400 to a change": Case(PROMOTED, JANE, refuses(WRONG)),
    "400 to a deactivation": Case(INACTIVE, JANE, refuses(WRONG)),
    "400 to the deactivation of a resource that goes": Case(DEPARTED, JANE, refuses(WRONG)),
    "409 to a creation": Case(a_user(), None, refuses(AlreadyExists("exists", code="409"))),
    "409 to a creation that may not adopt": Case(
        a_user(adoptionPolicy="Never"), None, refuses(AlreadyExists("exists", code="409"))
    ),
    "409 to a change": Case(PROMOTED, JANE, refuses(Conflict("in conflict", code="409"))),
    "409 to a rename": Case(RENAMED, TO_RENAME, refuses(AlreadyExists("exists", code="409"))),
    "409 to a deactivation": Case(INACTIVE, JANE, refuses(Conflict("in conflict", code="409"))),
    "409 to the deactivation of a resource that goes": Case(DEPARTED, JANE, refuses(Conflict("no", code="409"))),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_a_user_that_cxone_never_agrees_with_costs_a_request_in_a_sync_period(case: Case) -> None:
    """In the long run, changes and look-ups counted; each attempt has an audit line, and the user says that it failed.

    The walk through everybody, which there is in each period anyway, is not the user's.
    """
    scene = Scene(a_resource(syncPeriodSeconds=PERIOD, safety={"allowDelete": True}))
    remote = scene.remote = Stubborn(*([case.there] if case.there is not None else []))
    remote.portion, remote.answer = 1000, case.answer
    async with scene.running():
        await scene.see(case.user, BEGIN_SECONDS)
        before = remote.asked.copy()
        await asyncio.sleep(WATCHED_SECONDS)
        asked = remote.asked - before
        assert asked["everybody"] >= WATCHED_SECONDS // PERIOD, "CXone was compared with all the time"
        assert asked["send"] + asked["find"] + asked["get"] <= WATCHED_SECONDS // PERIOD
        assert len(scene.lines) == remote.asked["send"] > 0
        assert scene.told() not in (None, "Succeeded")
