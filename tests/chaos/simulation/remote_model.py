"""CXone in memory: users, seats and bulk jobs, and a journal of every effect.

A userName names one user, whatever its case; a create of a second one is refused, unless the setting says that CXone
does not look. Active users hold seats; when a deactivated user's seat is free again depends on the setting. A bulk
job works on its own, one operation after the other, whatever became of the process that submitted it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from chaos.simulation.journal import Journal, Origin
from chaos.simulation.schedule import DEFAULT, Form, JobEnd, Listing, Seats, Setting
from cxone_operator.core.actions import Create, Deactivate, Delete, Update
from cxone_operator.core.seats import Quota
from cxone_operator.core.users import Change, Field, RemoteUser, UserState
from cxone_operator.scim.errors import (
    AlreadyExists,
    AuthenticationFailed,
    Conflict,
    LicenseExhausted,
    NotFound,
    NotOffered,
    PermissionDenied,
    ScimError,
    Unavailable,
)
from cxone_operator.scim.remote import Answered, Item, Page, Pending, Receipt, Result, Settled

PARTLY = "(partly)"
"""Not all that was asked for has taken effect."""
CUT_LETTERS = 4
"""What is left of a family name under Form.CUT."""
LATER_SECONDS = 5.0
"""When a seat is free by itself under Seats.LATER."""


@dataclass(slots=True)
class _Job:
    results: dict[str, Result] = field(default_factory=dict)
    left: int = 0
    failed: bool = False
    never: bool = False


@dataclass(slots=True)
class RemoteModel:
    """One CXone tenant."""

    setting: Setting
    journal: Journal
    chance: random.Random
    name: str = DEFAULT
    users: dict[str, RemoteUser] = field(default_factory=dict)
    holders: set[str] = field(default_factory=set)
    """Ids of users that hold a seat."""
    total: int = 0
    refuses_credentials: bool = False
    down: bool = False
    """Nobody can reach it."""
    next_jobs: list[JobEnd] = field(default_factory=list)
    jobs: dict[str, _Job] = field(default_factory=dict)
    renamed_by_hand: set[str] = field(default_factory=set)
    """Ids of users that an administrator has renamed."""
    most_used: list[tuple[float, int, int]] = field(default_factory=list)
    """(time, used, total) at each change."""
    _made: int = 0

    def __post_init__(self) -> None:
        self.total = self.setting.seats

    @property
    def now(self) -> float:
        """Virtual seconds."""
        return asyncio.get_running_loop().time()

    def named(self, key: str) -> list[RemoteUser]:
        """All users of a natural key; more than one is a catastrophe."""
        return [user for user in self.users.values() if user.state.user_name.lower() == key]

    def authenticate(self, _: Origin) -> None:
        """Any request says whether somebody is there, and whether the credentials are taken."""
        if self.down:
            raise Unavailable("connection refused", code="connect")
        if self.refuses_credentials:
            raise AuthenticationFailed("the credentials are refused", code="401")

    def list_users(self, start: int, count: int) -> Page:
        """A page, as short as the server likes."""
        everybody = self._listed(start)
        chosen = everybody[start - 1 :][: min(count, self.setting.page)]
        strange = self.setting.listing is Listing.UNREADABLE
        last = strange and start - 1 + len(chosen) == len(everybody)
        return Page(tuple(chosen), len(chosen) + last, len(everybody) + strange)

    def look_up(self, user_names: Sequence[str]) -> tuple[RemoteUser, ...]:
        """Those that exist."""
        keys = {name.lower() for name in user_names}
        shown = self._listed(1)
        return tuple(user for user in shown if user.state.user_name.lower() in keys)

    def _listed(self, start: int) -> list[RemoteUser]:
        everybody, later = list(self.users.values()), start > 1
        match self.setting.listing:
            case Listing.WITH_A_HOLE if later:
                return everybody[1:]
            case Listing.OVERLAPPING if later:
                return [*everybody[1:], *everybody[:1]]
            case Listing.ACTIVE_ONLY:
                return [user for user in everybody if user.state.active]
        return everybody

    def create(self, state: UserState, origin: Origin) -> RemoteUser:
        """A new user, if the name and a seat are free."""
        key = state.user_name.lower()
        if self.setting.unique and self.named(key):
            self._note(origin, "refused", key, "exists")
            raise AlreadyExists("the user exists", code="409")
        self._made += 1
        user = RemoteUser(f"id-{self._made}", self._kept(state))
        if not origin.heeded:
            self._note(origin, "ignored", key, user.id)
            return user
        if state.active:
            self._take_seat(user, origin)
        self.users[user.id] = user
        self._note(origin, "create", key, user.id + ("" if state.active else " inactive"))
        return user

    def patch(self, user_id: str, change: Change, origin: Origin) -> RemoteUser:
        """Set the fields of a change; the operator may ask in vain."""
        user, key = self._get(user_id), self._get(user_id).state.user_name.lower()
        taken = [name for name in change.fields if self._heeds(name, origin)]
        values = {name.attribute: getattr(change.target, name.attribute) for name in taken}
        changed = replace(user, state=self._kept(replace(user.state, **values)))
        others = [one for one in self.named(changed.state.user_name.lower()) if one.id != user_id]
        if others and changed.state.user_name.lower() != key:
            self._note(origin, "refused", key, "the name is taken")
            raise AlreadyExists("the name is taken", code="409")
        if changed.state.user_name != user.state.user_name and not origin.operator:
            self.renamed_by_hand.add(user_id)
        before, after = user.state.active, changed.state.active
        if after and not before:
            self._take_seat(user, origin)
        self.users[user_id] = changed
        verb = "activate" if after and not before else "deactivate" if before and not after else "update"
        whole = len(taken) == len(change.fields)
        if taken:
            self._note(origin, verb, key, ",".join(name.value for name in taken) + ("" if whole else f" {PARTLY}"))
        if not whole:
            self._note(origin, "ignored", key, user_id)
        if before and not after:
            self._vacate(user_id)
        return changed

    def delete(self, user_id: str, origin: Origin) -> None:
        """Remove a user; one that is gone already is no error."""
        self._offer("delete", origin, self.setting.takes_deletes)
        if not origin.heeded and user_id in self.users:
            self._note(origin, "ignored", self._get(user_id).state.user_name.lower(), user_id)
            return
        user = self.users.pop(user_id, None)
        if user is not None:
            self._free_seat(user_id)
            active = "active" if user.state.active else "inactive"
            self._note(origin, "delete", user.state.user_name.lower(), f"{user_id} {active}")

    def release_license(self, user_id: str, origin: Origin) -> bool:
        """Give a seat back; an active user keeps it."""
        user = self.users.get(user_id)
        if user_id not in self.holders or user is None:
            return False
        if user.state.active:
            self._note(origin, "refused", user.state.user_name.lower(), "active users keep their seat")
            raise Conflict("an active user needs the licence", code="409")
        self._note(origin, "reclaim", user.state.user_name.lower(), user_id)
        self._free_seat(user_id)
        return True

    def quota(self) -> Quota:
        """Seats as the licence API counts them."""
        if not self.setting.shows_quota:
            raise PermissionDenied("the client lacks scope License.Read", code="403", write=False)
        return Quota(self.total, len(self.holders))

    def set_total(self, total: int) -> None:
        """Seats are bought, or taken away."""
        self.total = max(0, total)

    # Bulk.

    def submit(self, operations: Sequence[Item], origin: Origin) -> Receipt:
        """Start a job, or do it at once."""
        self._offer("bulk", origin, self.setting.takes_bulk)
        if self.setting.bulk != "AsyncJob":
            return Settled({item.uid: self._carry_out(item, origin) for item in operations})
        job_id = f"job-{len(self.jobs) + 1}"
        end = self.next_jobs.pop(0) if self.next_jobs else None
        job = self.jobs[job_id] = _Job(left=len(operations), failed=end is JobEnd.FAILED, never=end is JobEnd.NEVER)
        self._note(origin, "submit", job_id, f"{len(operations)} operations{f', ends {end}' if end else ''}")
        loop, delay = asyncio.get_running_loop(), 0.0
        for index, item in enumerate(operations):
            delay += self.chance.uniform(0.01, 1.0) * self.setting.slowest_operation
            skipped = end is JobEnd.FAILED or (end is JobEnd.HALF and index % 2 == 0)
            loop.call_later(delay, self._work, job, item, replace(origin, job=job_id), skipped)
        return Pending(job_id)

    def job(self, job_id: str) -> Settled | None:
        """How a job stands."""
        job = self.jobs.get(job_id)
        if job is None:
            raise NotFound("no such job", code="404", write=False)
        if job.left or job.never:
            return None
        return Settled(dict(job.results) if self.setting.names_results else {})

    def _work(self, job: _Job, item: Item, origin: Origin, skipped: bool) -> None:
        job.left -= 1
        if not skipped:
            job.results[item.uid] = self._carry_out(item, origin)

    def _carry_out(self, item: Item, origin: Origin) -> Result:
        try:
            match item.action:
                case Create(state):
                    self.create(state, origin)
                case Update(remote) | Deactivate(remote):
                    self.patch(remote.id, item.action.change, origin)
                case Delete(remote):
                    self.delete(remote.id, origin)
        except ScimError as error:
            return error.failure
        return Answered()

    # Seats.

    def _take_seat(self, user: RemoteUser, origin: Origin) -> None:
        if user.id in self.holders:
            return
        counts = self.setting.license != "None" and not self.setting.overbooks
        if counts and len(self.holders) >= self.total:
            self._note(origin, "refused", user.state.user_name.lower(), "no seat")
            raise LicenseExhausted("no licence is free", code="403")
        self.holders.add(user.id)
        self._count()

    def _vacate(self, user_id: str) -> None:
        """A user was deactivated."""
        if self.setting.seat_release is Seats.AT_ONCE:
            self._free_seat(user_id)
        elif self.setting.seat_release is Seats.LATER:
            asyncio.get_running_loop().call_later(LATER_SECONDS, self._free_if_inactive, user_id)

    def _free_if_inactive(self, user_id: str) -> None:
        user = self.users.get(user_id)
        if user is None or not user.state.active:
            self._free_seat(user_id)

    def _free_seat(self, user_id: str) -> None:
        self.holders.discard(user_id)
        self._count()

    def _heeds(self, name: Field, origin: Origin) -> bool:
        """An administrator has other ways."""
        return not origin.operator or (origin.heeded and name not in self.setting.unheeded)

    def _kept(self, state: UserState) -> UserState:
        match self.setting.form:
            case Form.FOLDED:
                emails = tuple(replace(email, value=email.value.lower()) for email in state.emails or ())
                roles = tuple(role.lower() for role in state.roles or ())
                return replace(state, user_name=state.user_name.lower(), emails=emails, roles=roles)
            case Form.CUT:
                return replace(state, family_name=state.family_name[:CUT_LETTERS])
            case Form.AS_SENT:
                return state

    def _count(self) -> None:
        self.most_used.append((self.now, len(self.holders), self.total))

    def _offer(self, what: str, origin: Origin, offered: bool) -> None:
        """An administrator has other ways."""
        if not offered and origin.operator:
            self._note(origin, "refused", what, "not offered")
            raise NotOffered(f"there is no {what}", code="501")

    def _get(self, user_id: str) -> RemoteUser:
        user = self.users.get(user_id)
        if user is None:
            raise NotFound("no such user", code="404")
        return user

    def _note(self, origin: Origin, verb: str, key: str, detail: str) -> None:
        self.journal.add(self.now, origin, verb, key, f"{detail} {origin.job}".strip(), self.name)
