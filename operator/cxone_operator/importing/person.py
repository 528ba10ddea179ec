"""A person to declare, and whoever cannot be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from cxone_operator.api.meta import GUESSED_NAME
from cxone_operator.core.naming import person_name
from cxone_operator.core.users import key_of
from cxone_operator.importing.limits import NAME

Spec = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Person:
    """What the resource of somebody says of them."""

    spec: Spec
    """As in the resource, without what is the same for all."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    account_id: str = ""
    """Of their account; empty where it is not known."""
    not_declared: tuple[str, ...] = ()
    """Fields that CXone shows with a value that no CxoneUser can have: they stay as they are there."""

    @property
    def user_name(self) -> str:
        """As it is spelt."""
        return str(self.spec["userName"])

    @property
    def key(self) -> str:
        """The same for every spelling."""
        return key_of(self.user_name)

    @property
    def guessed(self) -> frozenset[str]:
        """The parts of the name that nobody has told."""
        return frozenset(json.loads(self.annotations.get(GUESSED_NAME, "{}")))

    @property
    def groups(self) -> tuple[str, ...]:
        """In order."""
        groups = self.spec.get("groups")
        return tuple(map(str, groups)) if isinstance(groups, list) else ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An account that is not written."""

    user_name: str
    why: str
    """With the remedy."""


def named(user_name: str, given: str, family: str) -> tuple[dict[str, str], dict[str, str]]:
    """`spec.name`, and the annotations that it needs: a part that is missing or does not fit is guessed, and marked.

    A guess never renames an account that is there (annotation `cxone.dev/guessed-name`).
    """
    told = {"givenName": given.strip(), "familyName": family.strip()}
    guess = dict(zip(told, person_name(user_name), strict=True))
    missing = {part: guess[part] for part, value in told.items() if not NAME.fits(value)}
    marks = {GUESSED_NAME: json.dumps(missing, ensure_ascii=False)} if missing else {}
    return told | missing, marks
