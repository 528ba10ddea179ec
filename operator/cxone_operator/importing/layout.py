"""The layout: which file each resource is in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Literal

from cxone_operator.importing.person import Person

Layout = Literal["one-file", "by-user", "by-group"]
_NO_GROUP = "no-group"
_LONGEST = 60
"""Characters of a folder's name, before what tells it from others."""


def placed(people: Sequence[tuple[str, Person]], layout: Layout) -> Iterator[PurePosixPath]:
    """The path of each, below the folder of all."""
    if layout == "one-file":
        yield from (PurePosixPath("users.yaml") for _ in people)
    elif layout == "by-user":
        yield from (PurePosixPath(f"{name}.yaml") for name, _ in people)
    else:
        folders = _folders(person.groups[0] for _, person in people if person.groups)
        for name, person in people:
            folder = folders[person.groups[0]] if person.groups else _NO_GROUP
            yield PurePosixPath(folder, f"{name}.yaml")


def _folders(groups: Iterable[str]) -> dict[str, str]:
    """Group → folder: in small letters, and never one for two groups."""
    found: dict[str, str] = {}
    taken = {_NO_GROUP}
    for group in sorted(set(groups)):
        readable = re.sub(r"[^a-z0-9]+", "-", group.lower())[:_LONGEST].strip("-") or "group"
        digest = hashlib.sha256(group.encode()).hexdigest()[:8]
        found[group] = readable if readable not in taken else f"{readable}-{digest}"
        taken.add(found[group])
    return found
