"""Which seeds a run has: CHAOS_SEED says so.

Without it every run has the same ones, so that a change is judged by what it changes. A number is that one alone.
`random` draws new ones, and is replaced by `random-…` with what was drawn, which draws the same again.
"""

from __future__ import annotations

import os
import random

_VARIABLE = "CHAOS_SEED"
_RANDOM = "random"


def draw() -> None:
    """Before there are workers: all of them must collect the same tests, and they inherit the environment."""
    if os.environ.get(_VARIABLE) == _RANDOM:
        os.environ[_VARIABLE] = f"{_RANDOM}-{random.SystemRandom().randrange(2**32)}"


def seeds(count: int, first: int) -> list[int]:
    """So many, from `first` on where nothing else is asked for."""
    asked = os.environ.get(_VARIABLE, "")
    if asked.startswith(_RANDOM):
        return random.Random(asked).sample(range(2**32), count)
    return [int(asked)] if asked else list(range(first, first + count))
