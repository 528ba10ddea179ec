"""A copy of one CXone: it does at once what it is asked, and counts what that would cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace

from cxone_operator.core.actions import Create, Deactivate, Delete, Reclaim, RemoteAction, Update
from cxone_operator.core.capabilities import Capabilities
from cxone_operator.core.knowledge import Absent, Knowledge, Present
from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import Quota
from cxone_operator.core.users import RemoteUser, UserState, key_of
from cxone_operator.engine.admit.limiter import RateLimiter
from cxone_operator.scim.errors import AlreadyExists, ScimError
from cxone_operator.scim.remote import Answered, Batch, Found, Item, Page, Pending, Receipt, Remote, Settled

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Accounts:
    """What was read of one CXone."""

    users: tuple[RemoteUser, ...]
    quota: Quota | None
    """None where seats are not asked for."""
    jobs: bool
    """Bulk requests are carried out by jobs, whose users are looked up at their end."""
    source: Remote
    """Where it was read: it says what is possible, and what goes into one request. Nothing is asked of it any more."""


class RemoteCopy:
    """`scim.remote.Remote` on what was read."""

    def __init__(self, accounts: Accounts, limiter: RateLimiter) -> None:
        self._source = accounts.source
        self._quota = accounts.quota
        self._jobs = accounts.jobs
        self._limiter = limiter
        self._users = {user.id: user for user in accounts.users}
        self._keys: dict[str, set[str]] = {}
        for user in accounts.users:
            self._keys.setdefault(key_of(user.state.user_name), set()).add(user.id)
        self._made = 0
        self.requests: Counter[str] = Counter()
        """By operation."""

    @property
    def capabilities(self) -> Capabilities:
        """As the real one has told."""
        return self._source.capabilities

    @property
    def identities(self) -> frozenset[str]:
        """As the real one has told."""
        return self._source.identities

    @property
    def scopes(self) -> frozenset[str] | None:
        """As the real one has told."""
        return self._source.scopes

    @property
    def tenant_id(self) -> str:
        """As the real one has told."""
        return self._source.tenant_id

    async def connect(self) -> None:
        """A token costs no place in the rate limit."""

    async def probe(self) -> None:
        """Never asked for: nothing fails here."""

    async def everybody(self, lane: Lane) -> AsyncIterator[Page]:
        """Page by page, as of now."""
        users = list(self._users.values())
        for start in range(0, max(len(users), 1), _PAGE):
            await self._ask("list", lane)
            page = tuple(users[start : start + _PAGE])
            yield Page(page, len(page), len(users))

    def pages(self, users: int) -> int:
        """As the real one reads."""
        return self._source.pages(users)

    def portions(self, user_names: Iterable[str]) -> list[tuple[str, ...]]:
        """As the real one asks."""
        return self._source.portions(user_names)

    async def find(self, user_names: Sequence[str], lane: Lane) -> Found:
        """By name."""
        await self._ask("look_up", lane)
        ids = [id_ for name in user_names for id_ in sorted(self._keys.get(key_of(name), ()))]
        return Found(tuple(self._users[id_] for id_ in dict.fromkeys(ids)))

    async def find_employed(self, employee_id: str, lane: Lane) -> Found:
        """By employeeId."""
        await self._ask("look_up", lane)
        return Found(tuple(user for user in self._users.values() if user.state.employee_id == employee_id))

    async def get(self, user_id: str, lane: Lane) -> RemoteUser | None:
        """By id."""
        await self._ask("get", lane)
        return self._users.get(user_id)

    async def seats(self, lane: Lane) -> Quota:
        """The quota, with what has changed since it was read."""
        await self._ask("quota", lane)
        return self._quota or Quota(None, 0)

    def batches(self, items: Sequence[Item], most: int) -> list[Batch]:
        """As the real one packs them."""
        return self._source.batches(items, most)

    async def send(self, batch: Batch, lane: Lane) -> Receipt:
        """Carry it out; of a job only the look-ups that follow tell what came of it."""
        await self._ask("bulk" if batch.shared else batch.items[0].action.name, lane)
        results = {item.uid: self._result(item.action) for item in batch.items}
        if not batch.shared:
            (result,) = results.values()
            if isinstance(result, ScimError):
                raise result
            return Settled({batch.items[0].uid: Answered(result)})
        if self._jobs:
            return Pending(f"job-{self.requests['bulk']}")
        told = {uid: Answered(result) for uid, result in results.items() if not isinstance(result, ScimError)}
        refused = {uid: result.failure for uid, result in results.items() if isinstance(result, ScimError)}
        return Settled({**told, **refused})

    async def poll(self, job: str, lane: Lane) -> Settled | None:
        """It has ended."""
        await self._ask("poll", lane)
        return Settled()

    async def _ask(self, operation: str, lane: Lane) -> None:
        async with self._limiter.slot(lane):
            self.requests[operation] += 1
        self._limiter.answered(None)

    def _result(self, action: RemoteAction) -> Knowledge | ScimError:
        match action:
            case Create(state):
                self._made += 1
                return self._store(f"new-{self._made}", state)
            case Update(remote):
                return self._store(remote.id, _changed(remote.state, action))
            case Deactivate(remote):
                return self._store(remote.id, replace(remote.state, active=False))
            case Delete(remote):
                self._forget(remote.id)
                return Absent(0.0)
            case Reclaim():
                return Absent(0.0)

    def _store(self, id_: str, state: UserState) -> Knowledge | ScimError:
        key = key_of(state.user_name)
        if self._keys.get(key, set()) - {id_}:
            return AlreadyExists(f"the userName {state.user_name} is taken", code="409")
        self._forget(id_)
        self._move_seats(int(state.active))
        user = RemoteUser(id_, state)
        self._users[id_] = user
        self._keys.setdefault(key, set()).add(id_)
        return Present(user)

    def _forget(self, id_: str) -> None:
        old = self._users.pop(id_, None)
        if old is not None:
            self._keys[key_of(old.state.user_name)].discard(id_)
            self._move_seats(-int(old.state.active))

    def _move_seats(self, seats: int) -> None:
        """CXone takes and gives back seats with the activity, as it promises to."""
        if self._quota is not None:
            self._quota = replace(self._quota, used=max(0, self._quota.used + seats))


def _changed(state: UserState, action: Update) -> UserState:
    """Only the fields that the change names; the rest stays as it is."""
    names = [field.attribute for field in action.change.fields]
    return replace(state, **{name: getattr(action.change.target, name) for name in names})
