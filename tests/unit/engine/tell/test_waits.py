"""Waits: an author is told what keeps this very user, once, and nothing of what keeps everybody."""

from __future__ import annotations

from collections import Counter

import pytest

from cxone_operator.api.conditions import LICENSED, READY, RECONCILING, SYNCED
from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser
from cxone_operator.core.actions import Create, Update, Wait
from cxone_operator.core.failure import Failure, Scope
from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import Quota
from cxone_operator.core.users import Change, Field
from cxone_operator.core.work import Accepted, Done, Failed, Freed, Phase
from cxone_operator.engine.admit.seats import SeatGate
from cxone_operator.engine.memory.leavers import Hold
from cxone_operator.engine.read.quota import QuotaReader
from cxone_operator.engine.tell.waits import JOB_PATIENCE_SECONDS, LASTING_FAILURES, PATIENCE_SECONDS, SLICE, Waits
from cxone_operator.scim.errors import PermissionDenied
from unit.builders import a_remote, a_state, a_user, condition
from unit.engine import scene as scenes
from unit.engine.fakes import FakeRemote

MANY = 10_000
AWAY = Failure(Reason.TENANT_NOT_READY, "Secret cxone does not exist", retryable=True, scope=Scope.TENANT)
BROKEN = Failure(Reason.REMOTE_UNAVAILABLE, "CXone answered 503", retryable=True)


class Scene(scenes.Scene):
    """A gate and what is told of it, as the turns of a loop have it."""

    def __init__(self, **spec: object) -> None:
        super().__init__(**spec)
        self.remote = FakeRemote()
        self.quota = QuotaReader(self.memory, self.tasks)
        self.gate = SeatGate(self.memory, self.quota)
        self.waits = Waits(self.memory, self.view, self.statuses)
        self.problem: Failure | None = None

    def waits_in(self, phase: Phase, user: CxoneUser, wait: Wait | None = None) -> CxoneUser:
        """The user has come into a phase of waiting."""
        self.see(user)
        self.plans(user, phase)
        self.waits.note(user.metadata.uid, wait)
        return user

    def join(self, *names: str) -> list[CxoneUser]:
        """They wait in the joiners' queue."""
        users = [self.waits_in(Phase.QUEUED, a_user(name)) for name in names]
        for user in users:
            self.memory.queues.put(user.metadata.uid, Lane.JOINERS, self.memory.time, alone=False, age=user.age_order)
        return users

    def counts(self, total: int, used: int) -> None:
        """So many seats there are, now and whenever CXone is asked."""
        self.remote.quota = Quota(total, used)
        self.memory.seats.learn(self.remote.quota, self.time)

    async def turns(self, seconds: float = 0.0) -> None:
        """Time passes, and the loop turns until nothing is left to tell."""
        self.time += seconds
        for _ in range(MANY // SLICE + 1):
            self.gate.admitted(self.remote, self.memory.queues.depth(Lane.JOINERS))
            self.waits.shortage(self.gate.shortage())
            self.waits.tell(self.problem)
            await self.written()

    def told(self) -> Counter[str]:
        """How often each was written to."""
        return Counter(name for _, name in self.cluster.writes)

    def reason(self, user: CxoneUser, type_: str = READY) -> tuple[str, str] | None:
        found = self.now(user).status.condition(type_)
        return (found.status, found.reason) if found else None


def names(number: int) -> list[str]:
    return [f"p{place:05}" for place in range(number)]


def a_ready(name: str = "ready", **spec: object) -> CxoneUser:
    return a_user(name, status={"observedGeneration": 1, "conditions": [condition(READY, "True", "Succeeded")]}, **spec)


# Nobody is told what keeps everybody.


async def test_a_flood_with_seats_enough_tells_nobody_anything() -> None:
    """The rate limit, and the first snapshot, are said by the tenant."""
    scene = Scene()
    scene.counts(2 * MANY, 0)
    scene.join(*names(MANY))
    for _ in range(20):
        await scene.turns(20.0)
    assert scene.cluster.writes == []


@pytest.mark.parametrize("phase", [Phase.LOOKING, Phase.QUEUED, Phase.SENDING, Phase.VERIFYING, Phase.IDLE])
async def test_what_is_not_of_this_users_own_is_not_told(phase: Phase) -> None:
    scene = Scene(license={"mode": "None"})
    scene.waits_in(phase, a_user())
    await scene.turns(3600.0)
    assert scene.cluster.writes == []


# Seats.


async def test_only_who_stands_behind_the_last_free_seat_is_told_and_once() -> None:
    scene = Scene()
    scene.counts(MANY, 10)
    users = scene.join(*names(MANY))
    await scene.turns(PATIENCE_SECONDS - 1)
    assert scene.cluster.writes == []
    for _ in range(5):
        await scene.turns(1.0)
    behind = users[MANY - 10 :]
    assert scene.told() == Counter({user.metadata.name: 1 for user in behind})
    assert scene.reason(behind[0]) == ("False", "LicenseUnavailable")
    assert scene.reason(behind[0], LICENSED) == ("False", "LicenseUnavailable")
    assert scene.reason(behind[0], RECONCILING) == ("True", "LicenseUnavailable")
    assert scene.reason(users[0]) is None


async def test_a_flood_without_a_seat_is_told_in_rounds() -> None:
    """A loop with so much to tell still turns."""
    scene = Scene()
    scene.counts(10, 10)
    scene.join(*names(3 * SLICE))
    scene.time += PATIENCE_SECONDS
    scene.gate.admitted(scene.remote, 3 * SLICE)
    scene.waits.shortage(scene.gate.shortage())
    scene.waits.tell(None)
    assert len(scene.writer) + scene.writer.sending == SLICE
    await scene.turns()
    assert scene.told() == Counter(dict.fromkeys(names(3 * SLICE), 1))


async def test_who_is_concerned_only_later_is_told_then() -> None:
    """Somebody else has taken seats; nobody is told again."""
    scene = Scene()
    users = scene.join(*names(10))
    for free in (8, 5, 9, 0):
        scene.counts(10, 10 - free)
        await scene.turns(PATIENCE_SECONDS)
    assert scene.told() == Counter({user.metadata.name: 1 for user in users})


async def test_whoever_comes_while_seats_are_short_waits_for_the_same_time() -> None:
    scene = Scene()
    scene.counts(0, 0)
    scene.join("a")
    await scene.turns(PATIENCE_SECONDS)
    scene.join("b")
    await scene.turns(PATIENCE_SECONDS - 1)
    assert scene.told() == Counter(["a"])
    await scene.turns(1.0)
    assert scene.told() == Counter(["a", "b"])


async def test_another_reason_for_want_of_seats_is_another_word() -> None:
    """To everybody whom it concerns, although they were told of a shortage before."""
    scene = Scene()
    scene.counts(0, 0)
    users = scene.join("a", "b")
    await scene.turns(PATIENCE_SECONDS)
    assert [scene.reason(user) for user in users] == [("False", "LicenseUnavailable")] * 2
    scene.remote.quota = PermissionDenied("the client lacks scope License.Read", code="403", write=False)
    await scene.turns(PATIENCE_SECONDS)
    await scenes.settle()
    await scene.turns()
    assert [scene.reason(user) for user in users] == [("False", "PermissionDenied")] * 2
    assert scene.told() == Counter({"a": 2, "b": 2})


async def test_a_seat_that_was_promised_is_not_waited_for() -> None:
    scene = Scene()
    scene.counts(1, 0)
    scene.join("holder", "other")
    scene.memory.seats.promise("uid-holder")
    await scene.turns(PATIENCE_SECONDS)
    assert scene.told() == Counter(["other"])


async def test_updates_wait_for_no_seat() -> None:
    scene = Scene()
    scene.counts(0, 0)
    scene.join("joiner")
    mover = scene.waits_in(Phase.QUEUED, a_user("mover"))
    scene.memory.queues.put(mover.metadata.uid, Lane.UPDATES, 0.0, alone=False)
    await scene.turns(PATIENCE_SECONDS)
    assert scene.told() == Counter(["joiner"])


# Once for each reason and generation.


async def test_a_wait_is_told_once_for_each_reason_and_spec() -> None:
    scene = Scene()
    wait = Wait(Reason.TENANT_NOT_READY, "the tenant is being deleted")
    user = scene.waits_in(Phase.WAITING, a_user(), wait)
    for _ in range(5):
        scene.waits.note(user.metadata.uid, wait)
        await scene.turns(PATIENCE_SECONDS)
    assert len(scene.cluster.writes) == 1
    scene.waits.note(user.metadata.uid, Wait(Reason.JOB_RUNNING, "a job of an earlier process"))
    await scene.turns(PATIENCE_SECONDS)
    assert (len(scene.cluster.writes), scene.reason(user)) == (2, ("False", "JobRunning"))
    later = a_user(
        metadata={"generation": 2, "resourceVersion": "9"}, status=scene.cluster.bodies["uid-jane"]["status"]
    )
    scene.waits_in(Phase.WAITING, later, Wait(Reason.JOB_RUNNING, "a job of an earlier process"))
    await scene.turns(PATIENCE_SECONDS)
    assert len(scene.cluster.writes) == 3


async def test_a_wait_that_ends_in_time_is_not_told() -> None:
    scene = Scene()
    user = scene.waits_in(Phase.WAITING, a_user(), Wait(Reason.TENANT_NOT_READY, "the tenant is being deleted"))
    scene.time += PATIENCE_SECONDS - 1
    scene.plans(user, Phase.QUEUED)
    scene.waits.note(user.metadata.uid)
    await scene.turns(3600.0)
    assert scene.cluster.writes == []


async def test_a_wait_that_is_over_is_forgotten() -> None:
    scene = Scene()
    user = scene.waits_in(Phase.WAITING, a_user(), Wait(Reason.TENANT_NOT_READY, "the tenant is being deleted"))
    scene.waits.forget(user.metadata.uid)
    scene.memory.works.rest(user.metadata.uid)
    await scene.turns(3600.0)
    assert scene.cluster.writes == []


async def test_who_is_being_deleted_is_told_so() -> None:
    scene = Scene()
    wait = Wait(Reason.DELETING, "Another resource of this userName is about to take over")
    user = scene.waits_in(Phase.WAITING, a_user(deleting=True), wait)
    await scene.turns(PATIENCE_SECONDS)
    ready = scene.now(user).status.condition(READY)
    assert ready is not None
    assert ready.message == f"Being deprovisioned: {wait.message}"


async def test_nothing_is_told_beside_a_write_that_is_under_way() -> None:
    """What it brings back decides: the user is looked at again, and noted."""
    scene = Scene()
    wait = Wait(Reason.TENANT_NOT_READY, "the tenant is being deleted")
    user = scene.waits_in(Phase.WAITING, a_user(claimed=False), wait)
    scene.cluster.gate.clear()
    scene.statuses.claim(user)
    await scenes.settle()
    scene.time += PATIENCE_SECONDS
    scene.waits.tell(None)
    assert len(scene.writer) == 0
    scene.cluster.gate.set()
    await scene.written()
    scene.waits.note(user.metadata.uid, wait)
    await scene.turns()
    assert scene.cluster.writes == [("finalizers", "jane"), ("status", "jane")]


# The guard.


async def test_who_is_held_is_told_at_once() -> None:
    """A person has to act; while the guard only gathers, there is nothing to say."""
    scene = Scene()
    user = scene.waits_in(Phase.HELD, a_user(active=False))
    await scene.turns(3600.0)
    assert scene.cluster.writes == []
    scene.memory.leavers.keep_hold(Hold("2026-11-23T12:00:00Z", "abc", "7 users would leave", ("jane@example.com",)))
    scene.waits.note(user.metadata.uid)
    await scene.turns()
    assert (len(scene.cluster.writes), scene.reason(user)) == (1, ("False", "DeprovisioningHeld"))


# Failures, and jobs.


def fails(scene: Scene, user: CxoneUser, failure: Failure, times: int) -> None:
    for _ in range(times):
        scene.sends(user, Create(a_state(user.metadata.name)))
        scene.door.on(user.metadata.uid, Failed(failure))
        scene.waits.note(user.metadata.uid)


async def test_attempts_in_vain_are_told_when_they_are_many() -> None:
    """However short the pauses between them."""
    scene = Scene(license={"mode": "None"})
    user = a_user()
    scene.see(user)
    fails(scene, user, BROKEN, LASTING_FAILURES - 1)
    await scene.turns()
    assert scene.cluster.writes == []
    fails(scene, user, BROKEN, 1)
    await scene.turns()
    assert (scene.reason(user), scene.reason(user, RECONCILING)) == (
        ("False", "RemoteUnavailable"),
        ("True", "ProgressingWithRetry"),
    )
    fails(scene, user, BROKEN, 5)
    await scene.turns()
    assert len(scene.cluster.writes) == 1


async def test_a_long_pause_is_told_whatever_the_number_of_attempts() -> None:
    scene = Scene()
    user = a_user()
    scene.see(user)
    fails(scene, user, Failure(Reason.REMOTE_UNAVAILABLE, "503", retryable=True, retry_after=120.0), 1)
    await scene.turns(PATIENCE_SECONDS)
    assert scene.reason(user) == ("False", "RemoteUnavailable")


async def test_what_cxone_does_not_heed_is_told_with_the_fields() -> None:
    """Synced is False, and names what CXone shows."""
    scene = Scene()
    user = a_user()
    scene.see(user)
    action = Update(a_remote(roles=("Trainee",)), Change(a_state(), (Field.ROLES,)), takes_seat=False)
    for _ in range(LASTING_FAILURES):
        scene.sends(user, action)
        scene.memory.directory.put(a_remote(roles=("Trainee",)), scene.time)
        scene.door.on(user.metadata.uid, Done(scene.view.known(user)))
        scene.waits.note(user.metadata.uid)
    await scene.turns()
    assert scene.reason(user, SYNCED) == ("False", "DifferencesFound")
    assert [(item.field, item.actual) for item in scene.now(user).status.differences] == [("roles", "Trainee")]


async def test_a_new_spec_starts_with_patience_again() -> None:
    scene = Scene()
    user = a_user()
    scene.see(user)
    fails(scene, user, BROKEN, LASTING_FAILURES - 1)
    scene.door.on(user.metadata.uid, Freed())
    fails(scene, user, BROKEN, 1)
    await scene.turns()
    assert scene.cluster.writes == []


async def test_a_job_is_told_of_when_it_lasts() -> None:
    scene = Scene(license={"mode": "None"})
    user = a_user()
    scene.see(user)
    scene.sends(user, Create(a_state()), shared=True)
    scene.door.on(user.metadata.uid, Accepted("job-1"))
    scene.waits.note(user.metadata.uid)
    await scene.turns(JOB_PATIENCE_SECONDS - 1)
    assert scene.cluster.writes == []
    await scene.turns(1.0)
    assert scene.reason(user) == ("False", "JobRunning")


# Without a connection.


async def test_without_a_connection_whoever_was_ready_stays_so() -> None:
    """A restart, or a Secret that is away, changes nothing for them; the others cannot go on, and are told once."""
    scene = Scene()
    ready = [scene.waits_in(Phase.LOOKING, a_ready(name)) for name in names(1000)]
    waiting = scene.waits_in(Phase.LOOKING, a_user("new"))
    changed = scene.waits_in(Phase.QUEUED, a_ready("changed", metadata={"generation": 2}))
    scene.see(a_user("at-rest"))
    scene.problem = AWAY
    await scene.turns(1.0)
    assert scene.cluster.writes == []
    for _ in range(5):
        await scene.turns(PATIENCE_SECONDS)
    assert scene.told() == Counter(["new", "changed"])
    assert scene.reason(waiting) == scene.reason(changed) == ("False", "TenantNotReady")
    assert scene.reason(ready[0]) == ("True", "Succeeded")


async def test_who_comes_while_there_is_no_connection_is_told_too() -> None:
    scene = Scene()
    scene.problem = AWAY
    await scene.turns()
    user = scene.waits_in(Phase.LOOKING, a_user())
    await scene.turns(PATIENCE_SECONDS)
    assert scene.reason(user) == ("False", "TenantNotReady")


async def test_another_problem_is_another_word() -> None:
    scene = Scene()
    user = scene.waits_in(Phase.LOOKING, a_user())
    scene.problem = AWAY
    await scene.turns()
    await scene.turns(PATIENCE_SECONDS)
    scene.problem = Failure(Reason.AUTHENTICATION_FAILED, "401", retryable=False, scope=Scope.TENANT)
    await scene.turns()
    await scene.turns(PATIENCE_SECONDS)
    assert (len(scene.cluster.writes), scene.reason(user)) == (2, ("False", "AuthenticationFailed"))
