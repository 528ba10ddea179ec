"""The seam: what the engine can ask of a CXone tenant, whichever API it speaks.

Nothing here names a path, a status code or a preset. How users are listed, asked for, changed alone or many at a time,
is the affair of whoever implements it; the engine sees what is possible (`Capabilities`), what a request cost, and what
came of it. Every coroutine raises ScimError.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cxone_operator.core.actions import RemoteAction
from cxone_operator.core.capabilities import Capabilities
from cxone_operator.core.failure import Failure
from cxone_operator.core.knowledge import UNKNOWN, Knowledge
from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import Quota
from cxone_operator.core.users import RemoteUser


@dataclass(frozen=True, slots=True)
class Page:
    """Part of the list of all users."""

    users: tuple[RemoteUser, ...]
    returned: int
    """Entries in the page, also those that cannot be understood; paging advances by it."""
    total: int | None
    """All entries, None where the server does not say (RFC 9865 section 2)."""

    @property
    def unreadable(self) -> int:
        """Entries that cannot be understood: no id, no userName, or of another shape."""
        return self.returned - len(self.users)


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a look-up by names."""

    users: tuple[RemoteUser, ...]
    whole: bool = True
    """Whoever is not among them does not exist; False where the answer had entries more than could be read."""
    untold: Mapping[str, str] = field(default_factory=dict)
    """Names at which the server stumbles, with what it said: whether they exist is not known."""


@dataclass(frozen=True, slots=True)
class Item:
    """One change for one user."""

    uid: str
    action: RemoteAction


@dataclass(frozen=True, slots=True)
class Batch:
    """Changes that go into one request."""

    items: tuple[Item, ...]
    shared: bool = False
    """Sent as a bulk request, also where it has one item."""


@dataclass(frozen=True, slots=True)
class Answered:
    """CXone says that it has made the change; `shown` is what the answer shows of the user."""

    shown: Knowledge = UNKNOWN
    request_id: str = ""
    """CXone's own name for the request, for its support; empty where the answer names none."""


Result = Answered | Failure


@dataclass(frozen=True, slots=True)
class Settled:
    """The request is over; a change without a result must be looked for."""

    results: Mapping[str, Result] = field(default_factory=dict)
    """By uid."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A job works on it."""

    job: str
    request_id: str = ""


Receipt = Settled | Pending


class Remote(Protocol):
    """One tenant."""

    @property
    def capabilities(self) -> Capabilities:
        """As of now: what the tenant refuses to do is learned."""

    @property
    def identities(self) -> frozenset[str]:
        """Lower-case names and ids of the operator's own account, as far as CXone has told them."""

    @property
    def tenant_id(self) -> str:
        """CXone's own name for the tenant, the same for all its clients; empty where it has told none."""

    @property
    def scopes(self) -> frozenset[str] | None:
        """What our token may do, None where CXone has not said, or there is none."""

    async def connect(self) -> None:
        """Try the credentials."""

    async def probe(self) -> None:
        """Ask for something harmless, to see whether CXone answers."""

    def everybody(self, lane: Lane) -> AsyncIterator[Page]:
        """All users, in as many portions as there are requests."""

    def pages(self, users: int) -> int:
        """Requests that `everybody` needs for so many users."""

    def portions(self, user_names: Iterable[str]) -> list[tuple[str, ...]]:
        """The names in portions of one `find` each."""

    async def find(self, user_names: Sequence[str], lane: Lane) -> Found:
        """Those of the named users that exist."""

    async def find_employed(self, employee_id: str, lane: Lane) -> Found:
        """The users with that employeeId."""

    async def get(self, user_id: str, lane: Lane) -> RemoteUser | None:
        """The account of that id, whatever its name; None where there is none."""

    def batches(self, items: Sequence[Item], most: int) -> list[Batch]:
        """The changes in bulk requests that CXone takes, of at most `most` items."""

    async def send(self, batch: Batch, lane: Lane) -> Receipt:
        """Make the changes."""

    async def poll(self, job: str, lane: Lane) -> Settled | None:
        """What came of a job, None while it works."""

    async def seats(self, lane: Lane) -> Quota:
        """The number of seats, as CXone counts them."""
