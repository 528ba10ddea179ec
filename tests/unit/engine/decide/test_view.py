"""The view: each fact comes from where it is remembered."""

from __future__ import annotations

from typing import Any

import pytest

from cxone_operator.api.tenant import BulkJob
from cxone_operator.api.user import CxoneUser
from cxone_operator.core.actions import Create
from cxone_operator.core.capabilities import Capabilities
from cxone_operator.core.facts import Facts, Heir
from cxone_operator.core.knowledge import Absent, Ambiguous, Present, Proof, Unknown
from cxone_operator.core.seats import Quota
from cxone_operator.core.users import RemoteUser, key_of
from cxone_operator.core.work import REQUEST_SECONDS, Done, Phase, Planned
from cxone_operator.engine.memory.seats import FEW
from unit.builders import NOW, a_remote, a_user, condition
from unit.engine.scene import Scene

JANE = a_user("jane")


@pytest.fixture
def scene() -> Scene:
    found = Scene()
    found.see(JANE)
    return found


def facts(scene: Scene, user: CxoneUser = JANE) -> Facts:
    return scene.view.facts(user)


def test_of_somebody_at_rest_in_a_new_process(scene: Scene) -> None:
    """Nothing is known, nothing is under way, and an earlier process may have sent something."""
    found = facts(scene)
    assert (found.user, found.tenant, found.known) == (JANE, scene.memory.spec, Unknown())
    assert (found.owner, found.heir, found.work, found.deleting_for) == (None, Heir.NONE, None, 0.0)
    assert found.doubt_ended == -REQUEST_SECONDS
    assert (found.old_job, found.closing, found.offers.deletes, found.epoch) == (False, False, True, 0)
    assert (found.own_identities, found.reclaim_due, found.seat_seen_free) == (frozenset(), True, False)


def test_to_look_is_not_to_begin(scene: Scene) -> None:
    """A hundred thousand settled users cost nothing, however often they are looked at."""
    facts(scene)
    assert len(scene.memory.works) == 0


def test_what_is_under_way(scene: Scene) -> None:
    scene.time = 5.0
    scene.door.on(JANE.metadata.uid, Planned(Phase.QUEUED))
    found = facts(scene)
    assert found.work == scene.work(JANE)
    assert found.now == 5.0, "in the clock of its times"


@pytest.mark.parametrize(
    ("remotes", "known"),
    [
        ((), Absent(3.0, Proof.LISTED)),
        ((a_remote(),), Present(a_remote(), 3.0)),
        ((a_remote(), RemoteUser("2", a_remote().state)), Ambiguous(("id-jane", "2"))),
    ],
)
def test_what_cxone_has(scene: Scene, remotes: tuple[RemoteUser, ...], known: object) -> None:
    """By userName in any case, with the age of the look."""
    scene.snapshot(*remotes)
    scene.time = 3.0
    assert facts(scene).known == known
    assert scene.view.known(a_user("jane", userName="JANE@Example.com")) == known


def test_the_clock_on_the_wall_decides_on_dates(scene: Scene) -> None:
    user = a_user("jane", activeUntil="2026-11-23T12:00:10Z")
    assert facts(scene, user).schedule.active
    scene.time = 10.0
    assert not facts(scene, user).schedule.active


def test_how_long_the_deletion_is_known(scene: Scene) -> None:
    """From the first look on, and not from the date that the API server has written."""
    gone = a_user("jane", deleting=True)
    scene.time = 5.0
    assert facts(scene, gone).deleting_for == 0.0
    scene.time = 8.0
    assert facts(scene, gone).deleting_for == 3.0


def test_what_the_tenant_says(scene: Scene) -> None:
    memory = scene.memory
    memory.own_identities, memory.epoch, memory.closing = frozenset({"me"}), 4, True
    memory.capabilities = Capabilities(deletes=False)
    memory.old_jobs.add("job-1")
    found = facts(scene)
    assert (found.own_identities, found.epoch, found.closing, found.offers.deletes) == (
        frozenset({"me"}),
        4,
        True,
        False,
    )
    assert found.old_job
    memory.old_jobs.clear()
    memory.jobs["job-2"] = BulkJob("job-2", 5, "2026-11-24T00:00:00Z")
    assert not facts(scene).old_job, "one of our own is no such job: its users are known"


def test_when_a_doubt_ends(scene: Scene) -> None:
    """Negative before, and then how long ago."""
    scene.memory.in_doubt.add(JANE.metadata.uid, 50.0)
    assert facts(scene).doubt_ended == -50.0
    scene.time = 70.0
    assert facts(scene).doubt_ended == 20.0


@pytest.mark.parametrize(("read", "doubted"), [(30.0, True), (109.0, True), (111.0, False)])
def test_whom_a_request_of_ours_may_have_made(scene: Scene, read: float, doubted: bool) -> None:
    """Who was seen while it was in doubt, or by the look that follows."""
    scene.memory.in_doubt.add(JANE.metadata.uid, 50.0)
    scene.time = read
    scene.snapshot(a_remote())
    assert facts(scene).doubted is doubted


def test_who_was_there_before_this_process_was_made_by_nobody_of_us(scene: Scene) -> None:
    """Or whoever may adopt nobody would take over a stranger's account after each restart."""
    scene.snapshot(a_remote())
    assert facts(scene).doubt_ended < 0
    assert not facts(scene).doubted


@pytest.mark.parametrize("ends", ["claimed", "known", "over"])
def test_for_whom_an_account_of_the_name_may_still_be_made(scene: Scene, ends: str) -> None:
    """Somebody who was renamed since; until that is known, is over, or it is looked for under the new name."""
    claimed = {"annotations": {"cxone.dev/claimed-as": "jane@example.com"}}
    maker = a_user("maker", userName="jones@example.com", metadata=claimed)
    scene.see(maker)
    scene.time = REQUEST_SECONDS + 1.0
    assert facts(scene).maker is None
    scene.sends(maker, Create(a_remote().state))
    assert facts(scene).maker == "maker"
    match ends:
        case "claimed":
            scene.see(a_user("maker", userName="jones@example.com", metadata={"resourceVersion": "2"}))
        case "known":
            more = {**claimed, "resourceVersion": "2"}
            scene.see(a_user("maker", userName="jones@example.com", metadata=more, status={"userId": "id-jane"}))
        case "over":
            scene.door.on(maker.metadata.uid, Done(Present(a_remote())))
    assert facts(scene).maker is None


def test_what_became_of_the_seat(scene: Scene) -> None:
    """Many leave at once: CXone is given the time to give the seats back by itself, and did so."""
    seats = scene.memory.seats
    seats.learn(Quota(100, 50), 0.0)
    for number in range(FEW):
        seats.vacate(f"uid-{number}", 1.0)
    seats.vacate(JANE.metadata.uid, 1.0)
    assert (facts(scene).reclaim_due, facts(scene).seat_seen_free) == (False, False)
    seats.learn(Quota(100, 50 - FEW - 1), 9.0)
    assert facts(scene).seat_seen_free


# Who owns a userName.


def dated(name: str, day: int, **more: Any) -> CxoneUser:
    created = {"creationTimestamp": f"2026-01-{day:02}T00:00:00Z"}
    return a_user(name, userName="jane@example.com", metadata=created, **more)


def test_the_older_resource_owns_the_name() -> None:
    """The younger is told its name, the older nothing."""
    scene, older, younger = Scene(), dated("older", 1), dated("younger", 2)
    scene.see(younger, older)
    assert (facts(scene, younger).owner, facts(scene, older).owner) == ("older", None)


def test_who_only_watches_is_owned_by_nobody() -> None:
    """It does not manage, so it has no quarrel."""
    scene, older, watcher = Scene(), dated("older", 1), dated("watcher", 2, managementPolicy="ObserveOnly")
    scene.see(older, watcher)
    assert facts(scene, watcher).owner is None


@pytest.mark.parametrize(
    ("heir", "remote", "expected"),
    [
        ({}, a_remote(), Heir.CLAIMED),
        ({"claimed": False}, a_remote(), Heir.UNCLAIMED),
        ({"deleting": True}, a_remote(), Heir.NONE),
        ({"managementPolicy": "ObserveOnly"}, a_remote(), Heir.NONE),
        ({"adoptionPolicy": "Never"}, a_remote(), Heir.NONE),
        ({"adoptionPolicy": "Never"}, None, Heir.NONE),
        ({"adoptionPolicy": "Never", "status": {"userId": "id-jane"}}, a_remote(), Heir.CLAIMED),
        (
            {"adoptionPolicy": "Never", "status": {"conditions": [condition("Synced", "False", "Progressing")]}},
            a_remote(),
            Heir.CLAIMED,
        ),
    ],
)
def test_who_takes_over(heir: dict[str, Any], remote: RemoteUser | None, expected: Heir) -> None:
    """A younger resource that manages, is not going itself, and may take what the other one leaves."""
    scene, going, younger = Scene(), dated("going", 1, deleting=True), dated("younger", 2, **heir)
    scene.see(going, younger)
    scene.snapshot(*([remote] if remote is not None else []))
    assert facts(scene, going).heir is expected


def test_nobody_takes_over_from_who_stays() -> None:
    scene, older, younger = Scene(), dated("older", 1), dated("younger", 2)
    scene.see(older, younger)
    scene.snapshot(a_remote())
    assert facts(scene, older).heir is Heir.NONE


# For a status.


@pytest.mark.parametrize(("seen", "looked"), [(True, True), (False, False)])
def test_a_status_tells_not_looked_at_from_not_there(scene: Scene, seen: bool, looked: bool) -> None:
    """What the status said of CXone stays until somebody was asked for: a list may have a hole."""
    scene.snapshot()
    if seen:
        scene.memory.directory.learn([key_of(JANE.spec.user_name)], [], scene.time)
    subject = scene.view.subject(JANE)
    assert (subject.remote, subject.remote_known, subject.now) == (None, looked, NOW)


@pytest.mark.parametrize(
    ("spec", "ours"),
    [
        ({}, True),
        ({"managementPolicy": "ObserveOnly"}, True),
        ({"adoptionPolicy": "Never"}, False),
        ({"adoptionPolicy": "Never", "managementPolicy": "ObserveOnly"}, False),
        ({"adoptionPolicy": "Never", "status": {"userId": "id-jane"}}, True),
    ],
)
def test_a_status_records_the_id_of_what_is_ours(scene: Scene, spec: dict[str, Any], ours: bool) -> None:
    """To record another one would make it ours."""
    scene.snapshot(a_remote())
    subject = scene.view.subject(a_user("jane", **spec))
    assert (subject.remote, subject.remote_known, subject.ours) == (a_remote(), True, ours)
