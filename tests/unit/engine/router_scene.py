"""The rooms that one user is sent through, for the tests of the router."""

from __future__ import annotations

from cxone_operator.api.conditions import READY, SYNCED
from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import CxoneUser
from cxone_operator.core.failure import Failure
from cxone_operator.core.lane import Lane
from cxone_operator.core.work import Phase
from cxone_operator.engine.admit.guard import Guard
from cxone_operator.engine.read.lookups import LookUps
from cxone_operator.engine.router import Router
from cxone_operator.engine.send.jobs import Jobs
from cxone_operator.engine.tell.waits import Waits
from unit.builders import condition
from unit.engine import scene as scenes
from unit.engine.fakes import FakeRemote
from unit.engine.scene import settle

JANE = "uid-jane"
KEY = "jane@example.com"
NO_ROLE = Failure(Reason.ROLE_NOT_FOUND, "role 'Agent' does not exist", retryable=False)
BROKEN = Failure(Reason.REMOTE_UNAVAILABLE, "CXone answered 503", retryable=True)
AGREED = {
    "observedGeneration": 1,
    "userId": "id-jane",
    "active": True,
    "conditions": [condition(kind, "True", "Succeeded") for kind in (READY, SYNCED)],
}


class Scene(scenes.Scene):
    """The rooms that one user is sent through."""

    def __init__(self, *known: object, **spec: object) -> None:
        super().__init__(**spec)
        self.remote = FakeRemote()
        self.guard = Guard(self.memory, self.trail, self.tasks, self.persist, self.warn)
        self.lookups = LookUps(self.memory, self.tasks)
        self.jobs = Jobs(self.memory, self.door, self.trail, self.tasks, self.persist, self.warn)
        self.waits = Waits(self.memory, self.view, self.statuses)
        self.router = Router(
            self.memory,
            self.view,
            self.door,
            self.guard,
            self.lookups,
            self.jobs,
            self.statuses,
            self.waits,
            self.trail,
        )
        self.time = 100.0
        self.snapshot(*known)  # type: ignore[arg-type]

    async def look(self, user: CxoneUser | None = None) -> None:
        """The router looks at Jane, as she is now, and what it writes is written."""
        if user is not None:
            self.see(user)
        found = self.memory.resources.get(JANE)
        assert found is not None
        self.router.consider(found)
        await self.written()

    @property
    def lane(self) -> Lane | None:
        return self.memory.queues.lane_of(JANE)

    @property
    def phase(self) -> Phase | None:
        """None where nothing is remembered."""
        work = self.memory.works.get(JANE)
        return None if work is None else work.phase

    @property
    def told(self) -> tuple[str, str] | None:
        found = self.memory.resources.get(JANE)
        ready = found.status.condition(READY) if found is not None else None
        return (ready.status, ready.reason) if ready is not None else None

    async def asked(self) -> list[tuple[str, ...]]:
        """Names that were asked for."""
        self.lookups.send(self.remote, lambda _: True)
        await settle()
        return self.remote.names
