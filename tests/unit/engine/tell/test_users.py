"""Users' statuses and finalizers: written where a reader notices it, and what came of it is taken over."""

from __future__ import annotations

import asyncio

import pytest

from cxone_operator.api.meta import USER_FINALIZER
from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser, UserStatus, decode_user
from cxone_operator.cluster.errors import ClusterError, Conflicted, Forbidden, Gone, Invalid, Unreachable
from cxone_operator.core import outcome
from cxone_operator.engine.tell import users as module
from cxone_operator.engine.tell.users import log_ready
from cxone_operator.engine.tell.writer import PLACES
from unit.builders import a_user, condition
from unit.engine import scene as scenes
from unit.engine.scene import settle

JANE = "uid-jane"


class Scene(scenes.Scene):
    """One user, as it is stored."""

    def status(self, user: CxoneUser) -> UserStatus:
        return outcome.waiting(self.view.subject(user), Reason.TENANT_NOT_READY, "the tenant is being deleted")

    async def tell(self, user: CxoneUser) -> None:
        self.statuses.tell(user, self.status(user))
        await self.written()

    def stored(self) -> CxoneUser:
        """As the API server has it."""
        return decode_user(self.cluster.bodies[JANE])


def seen(*users: CxoneUser) -> Scene:
    scene = Scene()
    scene.see(*users)
    return scene


# What is written.


async def test_a_status_is_written_and_taken_over() -> None:
    """So that the echo of the watch is old news; and the user is looked at again."""
    jane = a_user()
    scene = seen(jane)
    assert scene.statuses.tell(jane, scene.status(jane))
    await scene.written()
    assert scene.now(jane) == scene.stored()
    assert scene.now(jane).status.condition("Ready").reason == "TenantNotReady"  # type: ignore[union-attr]
    assert (scene.marked(), scene.wakes) == ({"jane"}, 1)
    assert not scene.memory.resources.put(scene.stored())


async def test_what_nobody_could_notice_is_not_written() -> None:
    jane = a_user()
    scene = seen(jane)
    await scene.tell(jane)
    told = scene.now(jane)
    assert not scene.statuses.tell(told, scene.status(told))
    await scene.written()
    assert len(scene.cluster.writes) == 1


async def test_claiming_and_releasing() -> None:
    """Finalizers of others stay."""
    jane = a_user(claimed=False, metadata={"finalizers": ["example.com/other"]})
    scene = seen(jane)
    scene.statuses.claim(jane)
    await scene.written()
    assert scene.stored().metadata.finalizers == ("example.com/other", USER_FINALIZER)
    scene.statuses.release(scene.now(jane))
    await scene.written()
    assert scene.stored().metadata.finalizers == ("example.com/other",)
    assert scene.memory.resources.get(JANE) is not None


async def test_a_deleted_resource_whose_last_finalizer_was_taken_off_is_gone() -> None:
    """Whenever the watch says so."""
    jane = a_user(deleting=True)
    scene = seen(jane)
    scene.statuses.release(jane)
    await scene.written()
    assert (scene.memory.resources.get(JANE), len(scene.memory.works)) == (None, 0)


async def test_nothing_is_written_to_what_has_vanished() -> None:
    """It goes on as one that is being deleted, and is let go without a write."""
    jane = a_user()
    scene = seen(jane)
    scene.memory.outlive(jane)
    vanished = scene.now(jane)
    assert not scene.statuses.tell(vanished, scene.status(vanished))
    scene.statuses.release(vanished)
    await scene.written()
    assert (scene.cluster.writes, scene.memory.resources.get(JANE)) == ([], None)


@pytest.mark.parametrize(
    ("user", "interim", "place"),
    [
        (a_user("u", deleting=True), False, 0),
        (a_user("u", active=False), True, 0),
        (a_user("u", activeUntil="2026-01-01T00:00:00Z"), True, 0),
        (a_user("u"), False, 1),
        (a_user("u"), True, 2),
    ],
)
async def test_who_leaves_is_written_first(user: CxoneUser, interim: bool, place: int) -> None:
    """Then what is final, then what is only news of a wait."""
    scene = Scene()
    others = [a_user("leaver", deleting=True), a_user("final"), a_user("interim")]
    busy = [a_user(f"busy-{number}") for number in range(PLACES)]
    scene.see(user, *others, *busy)
    scene.cluster.gate.clear()
    for other in busy:
        scene.statuses.tell(other, scene.status(other))
    scene.statuses.tell(user, scene.status(user), interim=interim)
    for other in others:
        scene.statuses.tell(other, scene.status(other), interim=other.metadata.name == "interim")
    await settle()
    scene.cluster.gate.set()
    await scene.written()
    expected = ["leaver", "final", "interim"]
    expected.insert(place, "u")
    assert [name for _, name in scene.cluster.writes[PLACES:]] == expected


async def test_what_waits_is_withdrawn_when_it_is_decided_anew() -> None:
    busy = [a_user(f"busy-{number}") for number in range(PLACES)]
    jane = a_user()
    scene = seen(jane, *busy)
    scene.cluster.gate.clear()
    for user in (*busy, jane):
        scene.statuses.tell(user, scene.status(user))
    assert len(scene.writer) == 1
    scene.statuses.withdraw(JANE)
    scene.cluster.gate.set()
    await scene.written()
    assert "jane" not in {name for _, name in scene.cluster.writes}
    assert len(scene.cluster.writes) == PLACES


# Somebody who wrote first knows more.


async def test_a_conflict_is_a_reason_to_look_again() -> None:
    """At once, and the newest version is decided on."""
    jane = a_user(claimed=False)
    scene = seen(jane)
    scene.cluster.keep(a_user(claimed=False, role="Supervisor", metadata={"resourceVersion": "7", "generation": 2}))
    scene.cluster.problems.append(Conflicted("somebody wrote first"))
    scene.statuses.claim(jane)
    await scene.written()
    assert (scene.now(jane).spec.role, scene.marked(), scene.cluster.reads) == ("Supervisor", {"jane"}, 1)
    assert not scene.statuses.is_writing(JANE)


async def test_a_resource_that_is_gone_is_lost() -> None:
    jane = a_user(status={"observedGeneration": 1})
    scene = seen(jane)
    del scene.cluster.bodies[JANE]
    await scene.tell(jane)
    assert scene.memory.resources.get(JANE) is None


async def test_another_object_of_the_name_is_a_reason_to_look_again() -> None:
    """A 404 may be of a moment; the resource is read before it is given up."""
    jane = a_user(status={"observedGeneration": 1})
    scene = seen(jane)
    scene.cluster.problems.append(Gone("not found"))
    await scene.tell(jane)
    assert scene.memory.resources.get(JANE) is not None


@pytest.mark.parametrize(
    ("user", "outlived"),
    [
        pytest.param(a_user(), True, id="claimed, never told anything"),
        pytest.param(a_user(status={"observedGeneration": 1}), False, id="told already"),
        pytest.param(a_user(claimed=False), False, id="not claimed"),
        pytest.param(a_user(deleting=True), False, id="seen being deleted"),
    ],
)
async def test_a_claim_that_was_lost_to_a_deletion_is_outlived(user: CxoneUser, outlived: bool) -> None:
    """What was done for the resource must be undone, so it goes on as one that is being deleted."""
    scene = seen(user)
    del scene.cluster.bodies[JANE]
    await scene.tell(user)
    known = scene.memory.resources.get(JANE)
    assert (known is not None and known.metadata.deleting, JANE in scene.memory.vanished) == (outlived, outlived)


# Refusals.


@pytest.mark.parametrize("refusal", [Forbidden("no permission"), Invalid("spec.role: too long")])
async def test_what_is_refused_waits_for_a_minute(refusal: ClusterError) -> None:
    """A person has to look; others are written meanwhile."""
    jane = a_user()
    scene = seen(jane, a_user("john"))
    scene.cluster.problems.append(refusal)
    await scene.tell(jane)
    assert scene.statuses.is_refused(JANE)
    assert not scene.statuses.is_refused("uid-john")
    assert scene.memory.alarms.next() == 60.0
    scene.time = 59.0
    await scene.tell(jane)
    assert (scene.cluster.writes, scene.statuses.is_refused(JANE)) == ([("status", "jane")], True)
    scene.time = 60.0
    assert not scene.statuses.is_refused(JANE)
    await scene.tell(jane)
    assert (scene.cluster.writes, scene.statuses.is_refused(JANE)) == ([("status", "jane")] * 2, False)


async def test_an_answer_that_cannot_be_understood_is_a_refusal() -> None:
    """The CRD is not the one that this operator was made for."""
    jane = a_user()
    scene = seen(jane)
    body = scene.cluster.bodies[JANE]
    scene.cluster.bodies[JANE] = {**body, "spec": {"userName": 7}}
    await scene.tell(jane)
    assert scene.statuses.is_refused(JANE)


@pytest.mark.looptime
@pytest.mark.parametrize("away", [True, False], ids=["the write", "the look after a conflict"])
async def test_an_api_server_that_is_away_is_no_refusal(away: bool) -> None:
    """The writer does it again."""
    jane = a_user()
    scene = Scene(scenes.loop_time)
    scene.see(jane)
    scene.cluster.problems.append(Unreachable("away") if away else Conflicted("somebody wrote first"))
    scene.cluster.unreadable = Unreachable("away")
    scene.statuses.tell(jane, scene.status(jane))
    await asyncio.sleep(0.5)
    assert (len(scene.writer), scene.statuses.is_writing(JANE), scene.marked()) == (1, False, set())
    await asyncio.sleep(1.0)
    assert scene.cluster.writes == [("status", "jane")] * 2
    assert scene.now(jane).status.written


# The log.


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (None, ("True", "Succeeded"), "info"),
        (("True", "Succeeded"), ("True", "Succeeded"), None),
        (("True", "Succeeded"), ("True", "Scheduled"), "info"),
        (("True", "Succeeded"), ("False", "RoleNotFound"), "warning"),
        (("False", "RoleNotFound"), None, None),
    ],
)
def test_one_line_for_each_news(
    before: tuple[str, str] | None, after: tuple[str, str] | None, line: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of Ready, which sums a user up."""
    said: list[str] = []
    for level in ("info", "warning"):
        monkeypatch.setattr(module.log, level, lambda *_, level=level, **__: said.append(level))

    def told(ready: tuple[str, str] | None) -> CxoneUser:
        return a_user(status={"conditions": [condition("Ready", *ready)] if ready else []})

    log_ready("workforce/default", told(before), told(after).status)
    assert said == ([line] if line else [])


# Events.


async def test_somebody_who_is_stalled_has_an_event() -> None:
    """For `kubectl describe`: once for each reason."""
    jane = a_user()
    scene = seen(jane)
    for message in ("no such role", "still no such role"):
        scene.statuses.tell(scene.now(jane), stalled(scene, jane, Reason.ROLE_NOT_FOUND, message))
        await scene.written()
    assert scene.cluster.events == [("jane", "RoleNotFound")]
    scene.statuses.tell(scene.now(jane), stalled(scene, jane, Reason.GROUP_NOT_FOUND, "no such group"))
    await scene.written()
    assert scene.cluster.events[1:] == [("jane", "GroupNotFound")]


async def test_a_flood_has_a_few_events() -> None:
    """They cost a write each; the conditions say it of everybody."""
    people = [a_user(f"n{number}") for number in range(50)]
    scene = seen(*people)
    for user in people:
        scene.statuses.tell(user, stalled(scene, user, Reason.ROLE_NOT_FOUND, "no such role"))
    await scene.written()
    assert len(scene.cluster.events) == 20
    scene.time += 61.0
    scene.statuses.tell(scene.now(people[0]), stalled(scene, people[0], Reason.GROUP_NOT_FOUND, "no such group"))
    await scene.written()
    assert len(scene.cluster.events) == 21


def stalled(scene: Scene, user: CxoneUser, reason: Reason, message: str) -> UserStatus:
    return outcome.stalled(scene.view.subject(scene.now(user)), reason, message)
