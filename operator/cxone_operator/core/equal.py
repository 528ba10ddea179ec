"""What is the same in meaning: servers keep a value in their own form, and asking again for ours would go on for ever.

| value          | the same when                                                                              |
|----------------|--------------------------------------------------------------------------------------------|
| text           | equal after blanks at the ends are cut, composed or not (Unicode NFC)                      |
| time zone      | names of one zone in the tz database (its links), in any case                              |
| role, group    | equal as texts in any case; CXone may show an id with the name as `display`                |
| address        | equal in any case, and of the same type where one is shown                                 |
| addresses      | the same ones, ours a primary one where any is; more of them where only one is declared    |
| phone number   | the same digits as E.164; one without a country code, the same national number             |
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib import resources

from cxone_operator.core.users import Email, PhoneNumber

_FEWEST_DIGITS = 7
"""Of a national number that is compared without its country code: shorter ones are extensions."""


def same_text(one: str | None, other: str | None) -> bool:
    """None is the empty text."""
    return one == other or _plain(one or "") == _plain(other or "")


def same_zone(one: str | None, other: str | None) -> bool:
    """`Asia/Calcutta` is `Asia/Kolkata`."""
    return same_text(one, other) or _zone(one or "") == _zone(other or "")


def same_names(wanted: Iterable[str], shown: Iterable[str], displays: Mapping[str, str]) -> bool:
    """`displays`: the names of those that are shown by their ids."""
    ours = {folded(name) for name in wanted}
    return ours == {_known_as(name, ours, displays) for name in shown}


def union(first: Iterable[str], second: Iterable[str], displays: Mapping[str, str]) -> tuple[str, ...]:
    """All of the first, and those of the second that are not among them."""
    found = dict.fromkeys(first)
    there = {folded(name) for name in found} | {folded(displays.get(name, name)) for name in found}
    return tuple(dict.fromkeys([*found, *(name for name in second if folded(name) not in there)]))


def same_addresses(wanted: tuple[Email, ...], shown: tuple[Email, ...]) -> bool:
    """RFC 7643 section 4.1.2."""
    primary = {folded(email.value) for email in shown if email.primary}
    ours = {folded(email.value) for email in wanted if email.primary}
    if primary and not primary & ours:
        return False
    return _all_in(wanted, shown) and (len(wanted) == 1 or _all_in(shown, wanted))


def same_numbers(wanted: tuple[PhoneNumber, ...], shown: tuple[PhoneNumber, ...]) -> bool:
    """In any order."""

    def inside(some: tuple[PhoneNumber, ...], others: tuple[PhoneNumber, ...]) -> bool:
        return all(any(_same_type(a, b) and same_number(a.value, b.value) for b in others) for a in some)

    return len(wanted) == len(shown) and inside(wanted, shown) and inside(shown, wanted)


@lru_cache(maxsize=4096)
def same_number(one: str, other: str) -> bool:
    """However it is written."""
    if _digits(one) == _digits(other):
        return True
    import phonenumbers  # a tenth of a second, which no start waits for

    found = phonenumbers.is_number_match(one, other)
    if found == phonenumbers.MatchType.NSN_MATCH:
        return min(len(_digits(one).lstrip("+0")), len(_digits(other).lstrip("+0"))) >= _FEWEST_DIGITS
    return bool(found == phonenumbers.MatchType.EXACT_MATCH)


def folded(text: str) -> str:
    """For comparing without case."""
    return _plain(text).casefold()


def _known_as(name: str, ours: set[str], displays: Mapping[str, str]) -> str:
    display = folded(displays.get(name, ""))
    return display if folded(name) not in ours and display in ours else folded(name)


def _all_in(some: tuple[Email, ...], others: tuple[Email, ...]) -> bool:
    return all(any(_same_type(a, b) and folded(a.value) == folded(b.value) for b in others) for a in some)


def _same_type(one: Email | PhoneNumber, other: Email | PhoneNumber) -> bool:
    """A type that is not shown is none that differs."""
    return not one.type or not other.type or folded(one.type) == folded(other.type)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip())


def _digits(text: str) -> str:
    return re.sub(r"[\s().\-/]", "", text)


def _zone(name: str) -> str:
    lower = name.strip().lower()
    return _links().get(lower, lower)


@cache
def _links() -> Mapping[str, str]:
    """Lower-case names of zones that have another name by now → that name; lines `L TARGET NAME` of tzdata.zi."""
    lines = resources.files("tzdata").joinpath("zoneinfo", "tzdata.zi").read_text("utf-8").splitlines()
    links = (line.lower().split() for line in lines if line.startswith("L "))
    found = {name: target for _, target, name in links}
    return {name: found.get(target, target) for name, target in found.items()}
