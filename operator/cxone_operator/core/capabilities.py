"""Capabilities: what a tenant offers, whichever API it speaks."""

from __future__ import annotations

from dataclasses import dataclass

from cxone_operator.core.users import Field


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Of the preset, of what the server says of itself and what it has refused, and of `spec.api`."""

    lists: bool = True
    """All users can be read, page by page; otherwise they are asked for by name."""
    bulk: bool = True
    """Many changes go into one request."""
    lockouts: bool = False
    """Many users are locked out by one request, also where there is no bulk."""
    deletes: bool = True
    """Users can be deleted."""
    unmanaged: frozenset[Field] = frozenset()
    """Attributes that it does not have: whoever declares them is served without."""
    groups: frozenset[str] = frozenset()
    """Names of groups that are known to exist, also where nobody is in them."""
    roles: frozenset[str] = frozenset()
    """The same of roles that users show by their ids."""
    described: bool = False
    """The server says of itself what it can do."""
    findings: tuple[str, ...] = ()
    """Settings that contradict what the server says of itself, each with the remedy."""


EVERYTHING = Capabilities()
"""As long as nothing else is known."""
