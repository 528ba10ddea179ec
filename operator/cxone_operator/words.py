"""Words that tools match on, each with the one line of meaning that the reference is generated from."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Word(StrEnum):
    """A member is written as its value and its meaning."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member
