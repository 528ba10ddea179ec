"""What the API server can answer besides yes.

ClusterError
├── Unreachable      no answer, or a server error: try again later
├── Gone             404, or another object has that name by now
├── Conflicted       409: somebody wrote first; look again
│   └── Owned        409 to a server-side apply: another field manager owns a field and wants it otherwise
└── Forbidden        401, 403 and every other refusal; trying again does not help
    └── Invalid      400, 422: the object is not what its schema asks for
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_MANAGER = re.compile(r'conflict with "([^"]+)"')


class ClusterError(Exception):
    """A request to the Kubernetes API server that did not succeed."""


class Unreachable(ClusterError):
    """No answer, or 429, or 5xx."""


class Gone(ClusterError):
    """The object that was meant does not exist any more."""


class Conflicted(ClusterError):
    """The object has changed since it was read."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """One field that an apply wants to change and somebody else owns."""

    field: str
    """Its path, for example `spec.role`."""
    manager: str
    """The other field manager."""


class Owned(Conflicted):
    """An apply that was not forced met fields of other managers; nothing of it was stored."""

    def __init__(self, text: str, conflicts: tuple[Ownership, ...]) -> None:
        super().__init__(text)
        self.conflicts = conflicts


class Forbidden(ClusterError):
    """The API server refuses for good."""


class Invalid(Forbidden):
    """The object breaks a rule of its schema; the message names field and remedy."""


def error_for(status: int, said: Mapping[str, object]) -> ClusterError:
    """The error for an HTTP status of the API server and the Status object that came with it (meta/v1)."""
    text = f"the API server answered {status}: {said.get('message', '')}"
    if status == 404:
        return Gone(text)
    if status == 409:
        conflicts = tuple(_conflicts(said.get("details")))
        return Owned(text, conflicts) if conflicts else Conflicted(text)
    if status == 429 or status >= 500:
        return Unreachable(text)
    return Invalid(text) if status in (400, 422) else Forbidden(text)


def _conflicts(details: object) -> Iterable[Ownership]:
    causes = details.get("causes") if isinstance(details, Mapping) else None
    for cause in causes if isinstance(causes, list) else ():
        if isinstance(cause, Mapping) and cause.get("reason") == "FieldManagerConflict":
            found = _MANAGER.search(str(cause.get("message", "")))
            yield Ownership(str(cause.get("field", "")).lstrip("."), found[1] if found else "another manager")
