"""One habit: what it does, and the places where it does it.

| place    | what it changes                                                                |
|----------|--------------------------------------------------------------------------------|
| instead  | the request is not carried out; this is answered                               |
| refuses  | how a request is refused                                                       |
| taken    | what is done with a new user whose userName somebody has                       |
| patches  | what a PATCH is understood as, also within a bulk job                          |
| keeps    | what is stored of what a request asks for, also within a bulk job              |
| names    | the ids of new users                                                           |
| hides    | who does not exist when asked for by id                                        |
| lists    | who is in a list, and in which order, before it is cut into pages              |
| finds    | whom a filter finds                                                            |
| begins   | where a page begins                                                            |
| behind   | what is read as it was a moment ago                                            |
| answers  | what is answered when the request was carried out                              |
| serves   | which operations of a bulk request are carried out                             |
| jobs     | how a job that has ended is shown                                              |
| tokens   | how a token is given                                                           |
| ripens   | when a token that was given becomes valid                                      |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from aiohttp import web

from cxone_simulator.attributes import Json
from cxone_simulator.errors import ScimProblem

Keep = Callable[[Json, Json], Json]
"""From the user before ({} where there is none) and the one that was asked for to the one that is kept."""
Change = Callable[[Json], Json]
Answers = Callable[[web.Request, web.Response], web.Response]


class Reading(Enum):
    """What is read."""

    LIST = auto()
    """Lists, also those that a filter makes."""
    USER = auto()
    """A user by its id."""
    PATCHED = auto()
    """The user that a PATCH is answered with."""


@dataclass(frozen=True, slots=True)
class Habit:
    """See the table above; a place that is None is as everywhere."""

    says: str
    instead: Callable[[web.Request], web.Response | None] | None = None
    every: int = 1
    """`instead` is for one in so many requests."""
    refuses: Callable[[web.Request, ScimProblem], web.Response | None] | None = None
    """None where the refusal is as everywhere."""
    taken: Callable[[Json], ScimProblem | None] | None = None
    """Called with the user that has the name; None brings that one back with what was asked for."""
    patches: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    """Called with the PatchOp; may raise ScimProblem."""
    keeps: Keep | None = None
    names: Callable[[int], str] | None = None
    hides: Callable[[Json], bool] | None = None
    lists: Callable[[list[Json], int], list[Json]] | None = None
    """Called with everybody who was found, and the 1-based index that the page begins at."""
    finds: Callable[[str, Json, bool], bool] | None = None
    """Called with the text of a filter, a user, and whether the filter means that user."""
    begins: Callable[[int | None], int] | None = None
    """From startIndex, None where it was not given, to the 1-based index of the first user."""
    behind: frozenset[Reading] = frozenset()
    answers: Answers | None = None
    serves: Callable[[int], bool] | None = None
    """Called with the 1-based index of an operation."""
    jobs: Change | None = None
    """May raise ScimProblem."""
    tokens: Change | None = None
    ripens: float = 0.0
    """Seconds after it was given."""
