"""Bulk jobs for the tests of them, on a loop whose time is virtual."""

from __future__ import annotations

from cxone_operator.api.user import CxoneUser
from cxone_operator.core.actions import Create
from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import Quota
from cxone_operator.core.work import Phase
from cxone_operator.engine.send.jobs import Jobs
from cxone_operator.scim.remote import Pending
from unit.builders import a_remote, a_state, a_user
from unit.engine import scene as scenes
from unit.engine.fakes import FakeRemote
from unit.engine.scene import loop_time, settle

TIMEOUT = 900.0
"""Seconds that a job of the tenant may last."""


class Scene(scenes.Scene):
    """Jobs that create users; pytest needs the marker `looptime`."""

    def __init__(self, **bulk: object) -> None:
        super().__init__(loop_time, bulk={"maxOperations": 100, **bulk})
        self.remote = FakeRemote()
        self.remote.portion = 100
        self.jobs = Jobs(self.memory, self.door, self.trail, self.tasks, self.persist, self.warn)
        self.snapshot()
        self.memory.seats.learn(Quota(1000, 0), 0.0)

    async def submit(self, *names: str, job: str = "job-1") -> list[CxoneUser]:
        """Send these users as a job, which CXone accepts."""
        self.remote.receipts.append(Pending(job, "r-1"))
        return await self.start(*names)

    async def start(self, *names: str, lane: Lane = Lane.JOINERS) -> list[CxoneUser]:
        users = [a_user(name) for name in names]
        self.see(*users)
        orders = [(user, Create(a_state(user.metadata.name))) for user in users]
        for user, action in orders:
            self.sends(user, action, shared=True)
        self.jobs.start(self.remote, lane, orders)
        await settle()
        return users

    def exist(self, *names: str) -> None:
        """CXone has made them."""
        for name in names:
            self.remote.users[f"{name}@example.com"] = a_remote(name)

    def phases(self, *users: CxoneUser) -> list[Phase]:
        return [self.work(user).phase for user in users]

    def results(self) -> list[str]:
        return sorted(f"{line.user_name.split('@')[0]} {line.result}" for line in self.lines if line.user_name)

    @property
    def doubted(self) -> float:
        """Until when jane may still be created."""
        return self.memory.in_doubt.until("uid-jane")
