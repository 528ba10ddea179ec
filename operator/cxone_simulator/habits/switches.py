"""Which habits the tenant has, and what they make of each thing that happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import web

from cxone_simulator.attributes import Json
from cxone_simulator.errors import ScimProblem, taken
from cxone_simulator.faults import FaultError
from cxone_simulator.habits.habit import Habit, Reading
from cxone_simulator.habits.table import HABITS

T = TypeVar("T")


@dataclass(slots=True)
class Habits:
    """Those that are on; their order is that of HABITS."""

    names: set[str] = field(default_factory=set)
    met: Counter[str] = field(default_factory=Counter)
    """How often each has made a difference since the start."""
    _named: int = 0
    _asked: int = 0

    def to_json(self) -> list[dict[str, object]]:
        """All that there are."""
        return [
            {"name": name, "says": habit.says, "on": name in self.names, "met": self.met[name]}
            for name, habit in HABITS.items()
        ]

    def switch(self, wanted: Mapping[str, Any]) -> None:
        """Some on and some off, all of them or none; raises FaultError."""
        if unknown := sorted(wanted.keys() - HABITS.keys()):
            raise FaultError(f"there is no habit {', '.join(unknown)}; there are {', '.join(HABITS)}")
        if wrong := [name for name, on in wanted.items() if not isinstance(on, bool)]:
            raise FaultError(f"{wrong[0]} must be true or false")
        self.names = {name for name in self.names | wanted.keys() if wanted.get(name, True)}

    def clear(self) -> None:
        """None of them any more."""
        self.names = set()

    def instead(self, request: web.Request) -> web.Response | None:
        """What is answered although nothing is done."""
        self._asked += 1
        for name, habit in self._on():
            due = habit.instead is not None and not self._asked % habit.every
            found = habit.instead(request) if due and habit.instead is not None else None
            if found is not None:
                self.met[name] += 1
                return found
        return None

    def refused(
        self, request: web.Request, problem: ScimProblem, usual: Callable[[ScimProblem, web.Request], web.Response]
    ) -> web.Response:
        """How a refusal is answered; `usual` is how the surface does it."""
        for name, habit in self._on():
            found = habit.refuses(request, problem) if habit.refuses is not None else None
            if found is not None:
                self.met[name] += 1
                return found
        return usual(problem, request)

    def taken(self, holder: Json) -> ScimProblem | None:
        """Why there is no new user of that name; None where the old one comes back."""
        usual = taken(holder["userName"])
        for name, habit in self._on():
            if habit.taken is not None:
                return self._made(name, usual, habit.taken(holder))
        return usual

    def patched(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a PATCH is understood as; raises ScimProblem."""
        for name, habit in self._on():
            if habit.patches is not None:
                with self._refusing(name):
                    body = self._made(name, body, habit.patches(body))
        return body

    def kept(self, old: Json, new: Json) -> Json:
        """What is stored."""
        for name, habit in self._on():
            new = self._made(name, new, habit.keeps(old, new)) if habit.keeps is not None else new
        return new

    def id(self) -> str | None:
        """The id of a new user; None where it is the server's usual one."""
        self._named += 1
        for name, habit in self._on():
            if habit.names is not None:
                return self._made(name, None, habit.names(self._named))
        return None

    def hides(self, user: Json) -> bool:
        """There is no such user for whoever asks."""
        hiding = (name for name, habit in self._on() if habit.hides is not None and habit.hides(user))
        return any(self._made(name, False, True) for name in hiding)

    def listed(self, users: list[Json], start: int) -> list[Json]:
        """Who is in a list."""
        for name, habit in self._on():
            users = self._made(name, users, habit.lists(users, start)) if habit.lists is not None else users
        return users

    def finds(self, text: str, user: Json, found: bool) -> bool:
        """Whether a filter finds a user."""
        for name, habit in self._on():
            found = self._made(name, found, habit.finds(text, user, found)) if habit.finds is not None else found
        return found

    @property
    def find_otherwise(self) -> bool:
        """A filter may find others than it means."""
        return any(habit.finds is not None or Reading.LIST in habit.behind for _, habit in self._on())

    def begins(self, asked: int | None) -> int:
        """Where a page begins, from 1 on."""
        usual = max(1, 1 if asked is None else asked)
        for name, habit in self._on():
            if habit.begins is not None:
                return self._made(name, usual, habit.begins(asked))
        return usual

    def read(self, reading: Reading, present: T, past: Callable[[], T]) -> T:
        """What is shown: what is there, or what was there a moment ago."""
        behind = next((name for name, habit in self._on() if reading in habit.behind), None)
        return present if behind is None else self._made(behind, present, past())

    def answered(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        """How a success is answered."""
        for name, habit in self._on():
            if habit.answers is not None and isinstance(response, web.Response) and response.status < 300:
                before = _on_the_wire(response)
                response = habit.answers(request, response)
                self._made(name, before, _on_the_wire(response))
        return response

    def serves(self, index: int) -> bool:
        """Whether this operation of a bulk request is carried out."""
        serving = ((name, habit.serves(index)) for name, habit in self._on() if habit.serves is not None)
        return all(self._made(name, True, served) for name, served in serving)

    def job(self, body: Json) -> Json:
        """How a job is shown that has ended; raises ScimProblem."""
        for name, habit in self._on():
            if habit.jobs is not None:
                with self._refusing(name):
                    body = self._made(name, body, habit.jobs(body))
        return body

    def token(self, body: Json) -> Json:
        """How a token is given."""
        for name, habit in self._on():
            body = self._made(name, body, habit.tokens(body)) if habit.tokens is not None else body
        return body

    @property
    def ripens(self) -> float:
        """Seconds after which a token is valid."""
        return max((self._made(name, 0.0, habit.ripens) for name, habit in self._on()), default=0.0)

    def _on(self) -> Iterable[tuple[str, Habit]]:
        return ((name, habit) for name, habit in HABITS.items() if name in self.names) if self.names else ()

    def _made(self, name: str, usual: T, found: T) -> T:
        """What the habit has made of it, counted where that is something else."""
        self.met[name] += found != usual
        return found

    @contextmanager
    def _refusing(self, name: str) -> Iterator[None]:
        try:
            yield
        except ScimProblem:
            self.met[name] += 1
            raise


def _on_the_wire(response: web.Response) -> tuple[object, ...]:
    return response.status, response.body, response.cookies.output()
