"""Which resources there are for which person: names by userName, present or former, and by employeeId, fed by a watch.

The API server finds a resource by userName only in the exact spelling, and by looking at all of them. The roster finds
it at once and in any spelling. It is a hint: what it names is read before anything is decided, and its silence proves
nothing, as a watch tells a moment later. It keeps names and nothing else of what it is told.
"""

from __future__ import annotations

from collections.abc import Iterable

from cxone_operator.api.hr import decode_names
from cxone_operator.api.meta import FORMER_USER_NAMES
from cxone_operator.cluster.bodies import mapping, metadata
from cxone_operator.cluster.server import Body
from cxone_operator.core.users import key_of


class _Index:
    """Names of resources by what is known of them."""

    def __init__(self) -> None:
        self._names: dict[str, tuple[str, ...]] = {}
        self._traits: dict[str, tuple[str, ...]] = {}

    def names(self, trait: str) -> tuple[str, ...]:
        return self._names.get(trait, ())

    def put(self, name: str, traits: tuple[str, ...]) -> None:
        """From now on it is found by these; by none, it is forgotten."""
        for old in self._traits.pop(name, ()):
            left = tuple(other for other in self._names.pop(old) if other != name)
            if left:
                self._names[old] = left
        if traits:
            self._traits[name] = traits
        for trait in traits:
            self._names[trait] = tuple(sorted((*self.names(trait), name)))


class _People:
    """What a list says, and what has changed since."""

    def __init__(self) -> None:
        self.by_address = _Index()
        self.by_employee = _Index()

    def put(self, kind: str, body: Body) -> None:
        name = metadata(body, "name")
        gone = kind == "DELETED"
        self.by_address.put(name, () if gone else _keys(body))
        self.by_employee.put(name, () if gone else _employee(body))


class Roster:
    """The resources of one namespace, in every tenant (a `Follower`)."""

    def __init__(self) -> None:
        self._people = self._listing = _People()
        self.problem: str | None = "the CxoneUsers have not been listed yet"
        """Why the roster is not up to date, None where it is."""
        self.followed_once = False
        """The roster has been up to date at some time."""

    def of_address(self, user_name: str) -> tuple[str, ...]:
        """The resources that have that userName, or had it, in whatever spelling."""
        return self._people.by_address.names(key_of(user_name))

    def of_employee(self, employee_id: str) -> tuple[str, ...]:
        """The resources of that employeeId."""
        return self._people.by_employee.names(employee_id)

    @property
    def awaited(self) -> str | None:
        """What must come first, None once the roster has been up to date: a list alone is so for a moment only."""
        return None if self.followed_once else self.problem or "the CxoneUsers are not watched yet"

    def begun(self) -> None:
        """Begin anew; until that is complete, what is known remains."""
        self._listing = _People()

    def listed(self, items: Iterable[Body]) -> None:
        """Some of those there are."""
        for item in items:
            self._listing.put("ADDED", item)

    def complete(self) -> None:
        """Those that were listed are all."""
        self._people = self._listing
        self.problem = None

    def changed(self, kind: str, body: Body) -> None:
        """One resource came, changed or went."""
        self._people.put(kind, body)

    def followed(self) -> None:
        """What changes is told from now on."""
        self.followed_once = True

    def lost(self, why: str) -> None:
        """Nothing is known for certain until the next list."""
        self.problem = f"the CxoneUsers cannot be watched: {why}"


def _keys(body: Body) -> tuple[str, ...]:
    annotations = mapping(mapping(body.get("metadata")).get("annotations"))
    present = str(mapping(body.get("spec")).get("userName", ""))
    names = (present, *decode_names(annotations.get(FORMER_USER_NAMES)))
    return tuple(dict.fromkeys(key_of(name) for name in names if name))


def _employee(body: Body) -> tuple[str, ...]:
    number = mapping(body.get("spec")).get("employeeId")
    return (number,) if isinstance(number, str) and number else ()
