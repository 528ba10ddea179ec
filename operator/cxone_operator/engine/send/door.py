"""The door: whatever happens to a user comes in here, moves its work on, and has its effects carried out.

`core.phase` says what an event means; here is only where each effect belongs.
"""

from __future__ import annotations

from cxone_operator.core import work
from cxone_operator.core.actions import Deactivate, Reclaim, names_in
from cxone_operator.core.work import Effect, Event
from cxone_operator.engine.memory.memory import Memory
from cxone_operator.engine.tell.audit import AuditTrail
from cxone_operator.telemetry.audit import Result


class Door:
    """Events of one tenant's users."""

    def __init__(self, memory: Memory, trail: AuditTrail) -> None:
        self._memory = memory
        self._trail = trail

    def on(self, uid: str, event: Event) -> None:
        """It has happened."""
        memory, before = self._memory, self._memory.works.get(uid)
        attempt = before.attempt if before is not None else None
        for effect in memory.works.advance(uid, event, memory.moment):
            self._carry_out(uid, attempt, effect)

    def answered(self, uid: str, event: Event) -> None:
        """A request for this user has ended, so it is looked at again; one whose resource went meanwhile is let go."""
        self.on(uid, event)
        if self._memory.resources.get(uid) is None:
            self.lose(uid)
        self._memory.resources.mark(uid)
        self._memory.wake()

    def lose(self, uid: str) -> None:
        """The resource is gone; a request that is under way for it is still waited for."""
        self._memory.lose(uid)
        under_way = self._memory.works.get(uid)
        if under_way is None or not under_way.sent:
            if under_way is not None:
                self.on(uid, work.Gone())
            self._trail.forget(uid)

    def close(self) -> None:
        """The process ends: nothing more will be known of what is open."""
        for uid in self._memory.works:
            self.on(uid, work.Closed())

    def _doubt(self, uid: str, attempt: work.Attempt | None, *, forget: bool) -> None:
        """Under all names that the account may have: the request may have renamed it, or was made for another name."""
        user = self._memory.resources.get(uid) or (attempt.user if attempt is not None else None)
        if user is None:
            return
        names = names_in(attempt.action) if attempt is not None else ()
        if forget:
            self._memory.forget(user, *names)
        self._memory.tell_neighbours(user, *names)

    def _carry_out(self, uid: str, attempt: work.Attempt | None, effect: Effect) -> None:
        memory = self._memory
        match effect:
            case work.Audit():
                self._trail.ended(effect)
                self._doubt(uid, effect.attempt, forget=False)
                self._move_seat(uid, effect)
            case work.Forget():
                self._doubt(uid, attempt, forget=True)
            case work.Doubt(seconds):
                memory.in_doubt.add(uid, seconds)
            case work.PromiseSeat():
                memory.seats.promise(uid)
            case work.ReturnSeat():
                memory.seats.give_back(uid)
            case work.RecountSeats():
                memory.seats.recount()
            case work.GiveUp():
                self._trail.given_up()

    def _move_seat(self, uid: str, effect: work.Audit) -> None:
        if effect.result is Result.SUCCESS and isinstance(effect.attempt.action, Deactivate):
            self._memory.seats.vacate(uid, self._memory.time)
        elif effect.result is Result.SUCCESS and isinstance(effect.attempt.action, Reclaim):
            self._memory.seats.settle(uid)
