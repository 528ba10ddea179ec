"""Which habits the tenant has, and what they make of each thing that happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from cxone_simulator.attributes import Json
from cxone_simulator.errors import ScimProblem, taken
from cxone_simulator.faults import FaultError
from cxone_simulator.habits.habit import Habit, Reading
from cxone_simulator.habits.table import HABITS


@dataclass(slots=True)
class Habits:
    """Those that are on; their order is that of HABITS."""

    names: set[str] = field(default_factory=set)
    _named: int = 0
    _asked: int = 0

    def to_json(self) -> list[dict[str, object]]:
        """All that there are."""
        return [{"name": name, "says": habit.says, "on": name in self.names} for name, habit in HABITS.items()]

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
        due = (habit for habit in self._on() if not self._asked % habit.every)
        found = (habit.instead(request) for habit in due if habit.instead is not None)
        return next((response for response in found if response is not None), None)

    def refused(
        self, request: web.Request, problem: ScimProblem, usual: Callable[[ScimProblem, web.Request], web.Response]
    ) -> web.Response:
        """How a refusal is answered; `usual` is how the surface does it."""
        answers = (habit.refuses(request, problem) for habit in self._on() if habit.refuses is not None)
        found = next((answer for answer in answers if answer is not None), None)
        return found if found is not None else usual(problem, request)

    def taken(self, holder: Json) -> ScimProblem | None:
        """Why there is no new user of that name; None where the old one comes back."""
        for habit in self._on():
            if habit.taken is not None:
                return habit.taken(holder)
        return taken(holder["userName"])

    def patched(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a PATCH is understood as; raises ScimProblem."""
        for habit in self._on():
            body = habit.patches(body) if habit.patches is not None else body
        return body

    def kept(self, old: Json, new: Json) -> Json:
        """What is stored."""
        for habit in self._on():
            new = habit.keeps(old, new) if habit.keeps is not None else new
        return new

    def id(self) -> str | None:
        """The id of a new user; None where it is the server's usual one."""
        self._named += 1
        return next((habit.names(self._named) for habit in self._on() if habit.names is not None), None)

    def hides(self, user: Json) -> bool:
        """There is no such user for whoever asks."""
        return any(habit.hides(user) for habit in self._on() if habit.hides is not None)

    def listed(self, users: list[Json], start: int) -> list[Json]:
        """Who is in a list."""
        for habit in self._on():
            users = habit.lists(users, start) if habit.lists is not None else users
        return users

    def finds(self, text: str, user: Json, found: bool) -> bool:
        """Whether a filter finds a user."""
        for habit in self._on():
            found = habit.finds(text, user, found) if habit.finds is not None else found
        return found

    @property
    def find_otherwise(self) -> bool:
        """A filter may find others than it means."""
        return any(habit.finds is not None or Reading.LIST in habit.behind for habit in self._on())

    def begins(self, asked: int | None) -> int:
        """Where a page begins, from 1 on."""
        found = (habit.begins(asked) for habit in self._on() if habit.begins is not None)
        return max(1, next(found, 1 if asked is None else asked))

    def behind(self, reading: Reading) -> bool:
        """It shows what was there a moment ago."""
        return any(reading in habit.behind for habit in self._on())

    def answered(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        """How a success is answered."""
        for habit in self._on():
            if habit.answers is not None and isinstance(response, web.Response) and response.status < 300:
                response = habit.answers(request, response)
        return response

    def serves(self, index: int) -> bool:
        """Whether this operation of a bulk request is carried out."""
        return all(habit.serves(index) for habit in self._on() if habit.serves is not None)

    def job(self, body: Json) -> Json:
        """How a job is shown that has ended; raises ScimProblem."""
        for habit in self._on():
            body = habit.jobs(body) if habit.jobs is not None else body
        return body

    def token(self, body: Json) -> Json:
        """How a token is given."""
        for habit in self._on():
            body = habit.tokens(body) if habit.tokens is not None else body
        return body

    @property
    def ripens(self) -> float:
        """Seconds after which a token is valid."""
        return max((habit.ripens for habit in self._on()), default=0.0)

    def _on(self) -> Iterable[Habit]:
        return (habit for name, habit in HABITS.items() if name in self.names) if self.names else ()
