"""Every request is reported once, however it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cxone_operator.scim.errors import ScimError

Observer = Callable[[str, str, float], None]
"""Called with (operation, HTTP status or error word, seconds) after each request."""


@dataclass(slots=True)
class Outcome:
    """How a request ended, as far as it has."""

    code: str = "cancelled"


@contextmanager
def observed(observe: Observer, operation: str) -> Iterator[Outcome]:
    """Report how the request inside ended, also where it ended with an error."""
    started, outcome = time.monotonic(), Outcome()
    try:
        yield outcome
    except ScimError as error:
        outcome.code = error.code
        raise
    finally:
        observe(operation, outcome.code, time.monotonic() - started)
