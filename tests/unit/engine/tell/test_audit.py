"""One line for each write, whatever became of it, and for what was not sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cxone_operator.api.meta import ABANDON
from cxone_operator.api.reasons import Reason
from cxone_operator.core import actions
from cxone_operator.core.actions import Create, Deactivate, Delete, Reclaim, Release, RemoteAction, Update
from cxone_operator.core.knowledge import UNKNOWN, Absent, Knowledge, Present
from cxone_operator.core.users import Change, Field
from cxone_operator.core.work import Accepted, Attempt, Done, Ended, Failed, Left, Seen, Withdrawn
from cxone_operator.scim.errors import BadRequest, CircuitOpen, ConnectionLost
from cxone_operator.telemetry.audit import Act, AuditLine, Result
from unit.builders import a_remote, a_state, a_user, condition
from unit.engine import scene as scenes
from unit.engine.scene import TENANT

JANE = "uid-jane"
PROMOTION = Update(a_remote(), Change(a_state(roles=("Supervisor",)), (Field.ROLES,)), takes_seat=False)
PROMOTED = Present(a_remote(roles=("Supervisor",)))


class Scene(scenes.Scene):
    """Requests for Jane, as the door is told of them."""

    def begin(self, action: RemoteAction, *, shared: bool = False, **user: object) -> Attempt:
        fields = {"manager": "argocd", "time": "2026-11-23T12:00:00Z", "fieldsV1": {"f:spec": {}}}
        jane = a_user(**{"metadata": {"managedFields": [fields]}, **user})  # type: ignore[arg-type]
        self.see(jane)
        return self.sends(jane, action, shared=shared)

    def joins_a_job(self) -> None:
        """Jane is to be created, together with others."""
        self.begin(Create(a_state()), shared=True)
        self.door.on(JANE, Accepted("job-1", "r-4"))


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_line_says_who_what_whom_and_how_long(scene: Scene) -> None:
    """And carries CXone's own name for the request."""
    scene.begin(Create(a_state(groups=(), timezone="UTC")))
    scene.time += 1.25
    scene.door.on(JANE, Done(Present(a_remote()), "r-1"))
    assert scene.line == AuditLine(
        Act.CREATE,
        Result.SUCCESS,
        tenant=TENANT,
        user_name="jane@example.com",
        resource={"namespace": "workforce", "name": "jane", "uid": JANE},
        changes={
            "active": "(none) → true",
            "emails": "(none) → jane@example.com",
            "name.familyName": "(none) → Smith",
            "name.givenName": "(none) → Jane",
            "roles": "(none) → Agent",
            "timezone": "(none) → UTC",
        },
        requested_by="argocd",
        remote_request_id="r-1",
        duration_seconds=1.25,
    )


@pytest.mark.parametrize(
    ("action", "shown", "status", "act", "changes"),
    [
        (PROMOTION, PROMOTED, {"userId": "id-jane"}, Act.UPDATE, {"roles": "Agent → Supervisor"}),
        (PROMOTION, PROMOTED, {}, Act.ADOPT, {"roles": "Agent → Supervisor"}),
        (
            Deactivate(a_remote()),
            Present(a_remote(active=False)),
            {},
            Act.DEACTIVATE,
            {"active": "true → false"},
        ),
        (Delete(a_remote()), Absent(0.0), {}, Act.DELETE, {}),
        (Reclaim(a_remote()), UNKNOWN, {}, Act.RECLAIM, {}),
    ],
)
def test_every_kind_of_write(
    scene: Scene, action: RemoteAction, shown: Knowledge, status: dict[str, str], act: Act, changes: dict[str, str]
) -> None:
    """An update of a user that was nobody's before is an adoption."""
    scene.begin(action, status=status)
    scene.door.on(JANE, Done(shown))
    assert (scene.line.action, scene.line.result, scene.line.changes) == (act, Result.SUCCESS, changes)


def test_every_action_has_its_word() -> None:
    """The trail knows each write that a plan can ask for by its name."""
    assert {Act[kind.name.upper()].value for kind in actions.RemoteAction.__args__} <= set(Act)


def test_a_refusal_of_cxone(scene: Scene) -> None:
    """Code, reason and sentence apart."""
    scene.begin(Create(a_state()))
    scene.door.on(JANE, Failed(BadRequest("role 'Agnet' does not exist", code="400", request_id="r-2").failure))
    line = scene.line
    assert (line.result, line.error_code, line.reason) == (Result.FAILURE, "400", "RoleNotFound")
    assert (line.error, line.remote_request_id) == ("role 'Agnet' does not exist", "r-2")


def test_a_lost_answer_is_no_failure(scene: Scene) -> None:
    """Nobody knows whether it was carried out."""
    scene.begin(Create(a_state()))
    scene.door.on(JANE, Failed(ConnectionLost("the connection to CXone broke", code="connection").failure))
    assert (scene.line.result, scene.line.error_code) == (Result.UNKNOWN, "connection")


def test_what_was_never_tried_has_no_line(scene: Scene) -> None:
    """An open circuit, or a loop that ends before the request had a place."""
    scene.begin(Create(a_state()))
    scene.door.on(JANE, Failed(CircuitOpen("not sent, as CXone fails", code="circuit").failure))
    scene.begin(Create(a_state()))
    scene.door.on(JANE, Withdrawn())
    scene.door.close()
    assert scene.lines == []


def test_a_bulk_job_is_told_when_its_user_is_read_back(scene: Scene) -> None:
    """With the job and the request that began it, and who had asked by then."""
    scene.begin(PROMOTION, shared=True, status={"userId": "id-jane"})
    scene.door.on(JANE, Accepted("job-1", "r-3"))
    scene.door.on(JANE, Seen(UNKNOWN))
    assert scene.lines == []
    scene.time += 4
    scene.door.on(JANE, Seen(PROMOTED))
    line = scene.line
    assert (line.result, line.bulk_job, line.remote_request_id, line.duration_seconds) == ("success", "job-1", "r-3", 4)
    assert line.requested_by == "argocd"
    scene.door.on(JANE, Seen(Present(a_remote())))
    assert len(scene.lines) == 1


def test_a_bulk_job_that_did_not_serve_somebody(scene: Scene) -> None:
    """Is told, too, as the request alone that follows has a line of its own."""
    scene.joins_a_job()
    scene.door.on(JANE, Seen(Absent(0.0)))
    assert scene.lines == [], "before the job has ended, an absence says nothing"
    scene.door.on(JANE, Ended())
    scene.door.on(JANE, Seen(Absent(0.0)))
    assert (scene.line.result, scene.line.error_code, scene.line.bulk_job) == (Result.FAILURE, "job", "job-1")


def leaves_the_job(scene: Scene) -> None:
    scene.door.on(JANE, Left(900.0))


def goes_without_a_word(scene: Scene) -> None:
    """The job still works on it."""
    scene.door.lose(JANE)
    scene.door.answered(JANE, Ended())


def is_let_go(scene: Scene) -> None:
    """Before it was read back."""
    scene.door.on(JANE, Ended())
    scene.trail.released(a_user(deleting=True), Release(deprovisioned=True))
    scene.door.lose(JANE)


def is_given_up(scene: Scene) -> None:
    scene.door.on(JANE, Ended(given_up=True))
    scene.door.on(JANE, Seen(Absent(0.0)))


def meets_the_end(scene: Scene) -> None:
    scene.door.close()


def is_sent_again(scene: Scene) -> None:
    """Before anybody knew what became of the first."""
    scene.door.on(JANE, Ended())
    scene.begin(Create(a_state()))
    scene.door.on(JANE, Withdrawn())


@pytest.mark.parametrize(
    "happens", [leaves_the_job, goes_without_a_word, is_let_go, is_given_up, meets_the_end, is_sent_again]
)
def test_no_write_is_left_out(scene: Scene, happens: Callable[[Scene], None]) -> None:
    """Where its end is not seen, the line says so."""
    scene.joins_a_job()
    happens(scene)
    scene.door.close()
    assert (scene.line.result, scene.line.remote_request_id) == (Result.UNKNOWN, "r-4")
    assert scene.line.error


def test_refusals_are_told_once_for_each_spec(scene: Scene) -> None:
    """However often they are looked at, and again when they come back."""
    for generation in (1, 1, 2):
        user = a_user(metadata={"generation": generation})
        scene.trail.refused(user, Reason.PROTECTED_USER, "the tenant protects this user")
    assert [(line.action, line.result, line.reason) for line in scene.lines] == [
        (Act.PROVISION, Result.REFUSED, "ProtectedUser")
    ] * 2
    assert scene.lines[0].error == "the tenant protects this user"
    scene.trail.at_rest(JANE)
    scene.trail.refused(user, Reason.PROTECTED_USER, "the tenant protects this user")
    assert len(scene.lines) == 3
    scene.trail.refused(a_user(deleting=True, metadata={"generation": 3}), Reason.PROTECTED_USER, "protected")
    assert scene.lines[-1].action is Act.DEPROVISION


def test_refusals_survive_a_restart(scene: Scene) -> None:
    """What an earlier process has said of this spec is not said again; nor anything of what is only watched."""
    status = {"conditions": [condition("Stalled", "True", "OwnershipConflict")]}
    scene.trail.refused(a_user(status=status), Reason.OWNERSHIP_CONFLICT, "another is older")
    scene.trail.refused(a_user("john", managementPolicy="ObserveOnly"), Reason.AMBIGUOUS_MATCH, "two of that name")
    assert scene.lines == []
    scene.trail.refused(a_user(status=status), Reason.AMBIGUOUS_MATCH, "two of that name")
    assert scene.line.reason == "AmbiguousMatch"


def test_holding(scene: Scene) -> None:
    """Names what would have been done."""
    scene.trail.held(a_user(active=False), Deactivate(a_remote()))
    line = scene.line
    assert (line.action, line.result, line.reason) == (Act.DEACTIVATE, Result.HELD, "DeprovisioningHeld")
    assert line.changes == {"active": "true → false"}


def test_who_is_left_behind_is_told_once(scene: Scene) -> None:
    """Also when the finalizer has to be taken off twice."""
    for _ in range(2):
        scene.trail.released(a_user(deleting=True, deletionPolicy="Retain"), Release(deprovisioned=False))
    set_by = {"manager": "kubectl-annotate", "fieldsV1": {"f:metadata": {"f:annotations": {f"f:{ABANDON}": {}}}}}
    abandoned = a_user("john", deleting=True, metadata={"annotations": {ABANDON: "true"}, "managedFields": [set_by]})
    scene.trail.released(abandoned, Release(deprovisioned=False))
    assert [(line.action, line.requested_by) for line in scene.lines] == [
        (Act.RETAIN, ""),
        (Act.ABANDON, "kubectl-annotate"),
    ]
