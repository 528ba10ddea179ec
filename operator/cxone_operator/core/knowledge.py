"""What is known of a userName in CXone. Missing knowledge is a value of its own: absence is never assumed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from cxone_operator.core.users import RemoteUser


@dataclass(frozen=True, slots=True)
class Present:
    """CXone had exactly this user `age` seconds ago."""

    user: RemoteUser
    age: float = 0.0


class Proof(Enum):
    """How an absence was seen; see `core.belief`."""

    ASKED = auto()
    """The user was asked for by itself: by name, and by the id of its account where that is known."""
    LISTED = auto()
    """The user was not in a list of everybody."""
    NONE = auto()
    """The user was not in a list that may have a hole."""


@dataclass(frozen=True, slots=True)
class Absent:
    """CXone had no such user `age` seconds ago."""

    age: float
    proof: Proof = Proof.ASKED


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several accounts could be meant, or one that belongs to another resource; see `core.identity`."""

    ids: tuple[str, ...]
    own: Present | None = None
    """The one among them that is known by its id."""
    holder: str = ""
    """The other resource that has the account of this userName."""
    passing: bool = False
    """That one is about to get another name, so waiting helps."""
    gives_way: bool = False
    """All of a circle wait for each other's names, and this one takes another name for a moment."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody has looked, or something has happened since."""

    itself: bool = False
    """No list of everybody answers it: the account is asked for by its id."""


UNKNOWN = Unknown()
Knowledge = Present | Absent | Ambiguous | Unknown


def account_in(known: Knowledge) -> Knowledge:
    """What is known of the resource's own account, also while its userName is disputed."""
    return known.own if isinstance(known, Ambiguous) and known.own is not None else known
