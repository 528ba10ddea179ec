"""Who is declared: people with a role and a group, named by kind and number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from support.resources import user

Json = dict[str, Any]


def names(kind: str, count: int, first: int = 0) -> list[str]:
    """`joiner-00000`, `joiner-00001` …"""
    return [f"{kind}-{number:05}" for number in range(first, first + count)]


def person(namespace: str, name: str) -> Json:
    """The CxoneUser of one of them."""
    return user(namespace, name, role="Agent", groups=["Support-Team"])


def people(namespace: str, named: Iterable[str]) -> list[Json]:
    """The CxoneUsers of them all."""
    return [person(namespace, name) for name in named]


def preloaded(namespace: str, number: int) -> Json:
    """One whom `cxone-simulator --users` has already, declared as they are; numbers begin with 1."""
    name = f"user-{number:05}"
    declared = {"userName": user_name_of_preloaded(number), "name": {"givenName": "User", "familyName": f"{number:05}"}}
    return user(namespace, name, role="Agent", groups=["Support-Team"], **declared)


def user_name(name: str) -> str:
    """How CXone knows a `person`."""
    return f"{name}@example.com"


def user_name_of_preloaded(number: int) -> str:
    """How CXone knows one that it has already."""
    return f"user-{number:05}@preloaded.example"
