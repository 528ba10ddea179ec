"""The snapshot: one walk at a time, once per period, and whoever reads differently is looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from cxone_operator.core.actions import LookUp
from cxone_operator.core.capabilities import Capabilities
from cxone_operator.core.knowledge import Absent, Present, Proof, Unknown
from cxone_operator.core.lane import Lane
from cxone_operator.core.plan import plan
from cxone_operator.engine.decide.view import View
from cxone_operator.engine.read.snapshot import Snapshot
from cxone_operator.scim.errors import PermissionDenied
from cxone_operator.scim.remote import Page
from unit.builders import a_remote, a_tenant, a_user
from unit.engine import scene as scenes
from unit.engine.fakes import FakeRemote
from unit.engine.scene import settle

PERIOD = 100.0
DENIED = PermissionDenied("the client lacks scope Users.Read", code="403", write=False)


class Scene(scenes.Scene):
    """Jane, John and Judy, of whom each has a resource."""

    def __init__(self) -> None:
        super().__init__(syncPeriodSeconds=int(PERIOD))
        self.names = ("jane", "john", "judy")
        self.remote = FakeRemote(*(a_remote(name) for name in self.names))
        self.remote.portion = 2
        self.walk = Snapshot(self.memory, self.tasks)
        self.see(*(a_user(name) for name in self.names))

    async def turn(self, seconds: float = 0.0) -> None:
        self.time += seconds
        self.walk.refresh_if_due(self.remote)
        await settle()

    def knows(self, name: str) -> type:
        return type(self.memory.directory.known(f"{name}@example.com", self.time))


async def test_the_first_walk_begins_at_once_and_everybody_is_looked_at() -> None:
    """Page by page, ahead of what nobody waits for."""
    scene = Scene()
    await scene.turn()
    assert (scene.remote.asked["everybody"], scene.remote.lanes) == (2, [Lane.UPDATES] * 2)
    assert scene.memory.directory.complete
    assert scene.marked() == set(scene.names)
    assert (scene.knows("jane"), scene.knows("nobody")) == (Present, Absent)


async def test_nothing_is_concluded_before_the_walk_is_complete() -> None:
    scene = Scene()
    scene.remote.gate.clear()
    await scene.turn()
    assert scene.memory.walking_since == 0.0
    assert scene.knows("nobody") is Unknown
    for _ in range(100):
        await scene.turn(PERIOD)
    assert scene.remote.asked["everybody"] == 1, "one walk at a time"
    scene.remote.gate.set()
    await settle()
    assert (scene.memory.walking_since, scene.knows("nobody")) == (None, Absent)


async def test_absences_that_come_into_doubt_during_a_walk_are_known_again_after_it() -> None:
    """A job of an earlier process has ended meanwhile; whoever waits for that is looked at."""
    scene = Scene()
    await scene.turn()
    scene.marked()
    scene.remote.gate.clear()
    await scene.turn(2 * PERIOD)
    scene.memory.directory.doubt_absences()
    scene.remote.gate.set()
    await settle()
    assert (scene.memory.directory.complete, scene.marked()) == (True, set(scene.names))


async def test_there_is_one_walk_in_a_period() -> None:
    """Behind everybody who waits for something; and only what has changed is looked at."""
    scene = Scene()
    await scene.turn()
    scene.marked()
    walks = scene.remote.asked["everybody"]
    for _ in range(10):
        await scene.turn(0.09 * PERIOD)
    assert scene.remote.asked["everybody"] == walks
    scene.remote.users["john@example.com"] = a_remote("john", active=False)
    del scene.remote.users["judy@example.com"]
    await scene.turn(0.1 * PERIOD)
    assert scene.remote.asked["everybody"] == walks + 1
    assert scene.remote.lanes[-1] is Lane.BACKGROUND
    assert scene.marked() == {"john", "judy"}


async def test_a_walk_that_is_wanted_does_not_wait_for_its_period() -> None:
    scene = Scene()
    await scene.turn()
    scene.memory.refresh_wanted = True
    await scene.turn(1.0)
    assert (scene.remote.asked["everybody"], scene.remote.lanes[-1]) == (4, Lane.UPDATES)
    assert not scene.memory.refresh_wanted


async def test_a_walk_that_failed_is_repeated_after_a_pause() -> None:
    scene = Scene()
    scene.remote.problem = DENIED
    await scene.turn()
    await scene.turn()
    assert (scene.remote.asked["everybody"], scene.memory.reading.failure) == (1, DENIED.failure)
    assert not scene.memory.directory.complete
    scene.remote.problem = None
    await scene.turn(2.0)
    assert (scene.memory.directory.complete, scene.memory.reading.failure) == (True, None)


async def test_a_new_role_may_be_what_a_stalled_user_misses() -> None:
    """So they are tried again; nobody is, where there is none."""
    scene = Scene()
    await scene.turn()
    assert scene.memory.epoch == 1
    await scene.turn(2 * PERIOD)
    assert scene.memory.epoch == 1
    scene.remote.users["john@example.com"] = a_remote("john", roles=("Supervisor",))
    await scene.turn(2 * PERIOD)
    assert scene.memory.epoch == 2


@pytest.mark.parametrize("declared", [True, False])
async def test_where_nobody_can_be_listed_the_declared_are_asked_for(declared: bool) -> None:
    """Whoever has no resource stays unknown."""
    scene = Scene()
    scene.remote.capabilities = Capabilities(lists=False)
    if not declared:
        scene.memory.resources.remove("uid-judy")
    await scene.turn()
    assert (scene.remote.asked["everybody"], scene.remote.asked["find"]) == (0, 2 if declared else 1)
    assert scene.memory.directory.complete
    assert (scene.knows("jane"), scene.knows("judy")) == (Present, Present if declared else Unknown)


# A list with a hole.


class Bent(FakeRemote):
    """Each of its pages is as the test has laid down."""

    def __init__(self, *pages: Page) -> None:
        super().__init__()
        self.laid_down = pages

    async def everybody(self, lane: Lane) -> AsyncIterator[Page]:
        for page in self.laid_down:
            yield page


def page(*names: str, total: int | None = None, unreadable: int = 0) -> Page:
    return Page(tuple(a_remote(name) for name in names), len(names) + unreadable, total)


@pytest.mark.parametrize(
    ("why", "pages", "whole"),
    [
        ("all is well", (page("a", "b", total=3), page("c", total=3)), True),
        ("nobody counts", (page("a", "b"), page("c"), page()), True),
        ("somebody was deleted between two pages", (page("a", "b", total=4), page("c", total=3)), False),
        ("pages overlap", (page("a", "b", total=4), page("b", "c", total=4)), False),
        ("fewer came than there are", (page("a", "b", total=4), page("c", total=4), page(total=4)), False),
        ("more came than there are", (page("a", "b", total=2), page("c", total=2)), False),
        ("an entry cannot be understood", (page("a", "b", total=4), page("c", total=4, unreadable=1)), False),
    ],
)
async def test_a_list_with_a_hole_proves_no_absence(why: str, pages: tuple[Page, ...], whole: bool) -> None:
    """Whoever was known is to be asked for, and nobody is gone; whoever came is known as ever."""
    scene = Scene()
    await scene.turn()
    scene.marked()
    scene.remote = Bent(*pages)
    await scene.turn(2 * PERIOD)
    directory, now = scene.memory.directory, scene.time
    assert (directory.whole, scene.knows("a")) == (whole, Present), why
    assert directory.known("nobody@example.com", now) == Absent(0.0, Proof.LISTED if whole else Proof.NONE)
    assert (scene.knows("jane"), scene.marked()) == (Absent if whole else Unknown, set(scene.names))


async def test_a_leaver_who_slips_through_the_pages_is_not_let_go() -> None:
    """An administrator deletes somebody of the first page before the second is read: a correct server does so."""
    scene = Scene()
    await scene.turn()
    scene.remote = Bent(page("old", "amy", total=5), page("cat", total=4))
    await scene.turn(2 * PERIOD)
    scene.see(a_user("jane", deleting=True))
    facts = replace(View(scene.memory).facts(scene.now(a_user("jane"))), deleting_for=3 * PERIOD)
    assert isinstance(plan(facts), LookUp)


async def test_where_nobody_can_be_listed_known_accounts_are_asked_for_by_id() -> None:
    """A server need not find by name whom it has."""
    scene = Scene()
    scene.remote.capabilities = Capabilities(lists=False)
    scene.remote.hidden = {"jane@example.com"}
    del scene.remote.users["john@example.com"]
    for name in ("jane", "john"):
        scene.see(a_user(name, status={"userId": f"id-{name}"}, metadata={"resourceVersion": "2"}))
    await scene.turn()
    assert [scene.knows(name) for name in scene.names] == [Present, Absent, Present]
    assert scene.remote.asked["get"] == 2


async def test_where_nobody_can_be_listed_an_answer_that_lacks_somebody_is_paced() -> None:
    """Nobody counts as missing, and the server is not asked again and again."""
    scene = Scene()
    scene.remote.capabilities = Capabilities(lists=False)
    scene.remote.whole = False
    del scene.remote.users["john@example.com"]
    for _ in range(60):
        await scene.turn(1.0)
    assert (scene.knows("john"), scene.remote.asked["find"] < 40) == (Unknown, True)


async def test_where_nobody_can_be_listed_nobody_is_absent_whom_an_employee_id_may_find() -> None:
    """That is for a look-up; whoever has an account, or no employeeId, is absent all the same."""
    scene = Scene()
    scene.memory.spec = a_tenant(matchBy=["userName", "employeeId"], syncPeriodSeconds=int(PERIOD))
    scene.remote.capabilities = Capabilities(lists=False)
    scene.remote.users.clear()
    newer = {"metadata": {"resourceVersion": "2"}, "employeeId": "1"}
    scene.see(a_user("jane", **newer), a_user("john", **newer, status={"userId": "id-john"}))
    await scene.turn()
    assert [scene.knows(name) for name in scene.names] == [Unknown, Absent, Absent]
    assert scene.memory.directory.complete
