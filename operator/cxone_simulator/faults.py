"""Faults on order: what goes wrong with which request, and how often."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KINDS = ("latency", "status", "drop", "refuse", "truncate", "garbage")
"""latency: answer late. status: answer that status and do nothing. drop: do it, then cut the connection.
refuse: cut the connection and do nothing. truncate: do it, send half of the body. garbage: answer 200 with HTML."""
JOB_KINDS = ("fail", "half", "partial", "never")
"""fail: nothing is done. half: half is done, then the job fails. partial: every k-th operation is left out.
never: the job does not end."""


_MATCH = ("method", "path", "userName")
_FIELDS = ("kind", "match", "times", "after", "seconds", "status", "retryAfter", "body")
_JOB_FIELDS = ("job", "times", "every")
_LARGEST = 10**9
_MOST_JOBS = 10_000


class FaultError(ValueError):
    """An order that cannot be understood; the message names the field."""


@dataclass(slots=True)
class Fault:
    """One order."""

    kind: str
    method: str | None = None
    path: re.Pattern[str] | None = None
    user_name: str | None = None
    """Lower-case; hits requests that mention it or are for that user."""
    times: int | None = None
    """How often; None means for ever."""
    after: int = 0
    """How many matching requests pass first."""
    seconds: float = 0.0
    status: int = 503
    retry_after: str | None = None
    body: Any = None

    def strikes(self, method: str, path: str, text: str) -> bool:
        """Whether it hits this request; counts those that it lets pass and those that it hits."""
        if self.method not in (None, method) or (self.path is not None and not self.path.search(path)):
            return False
        if self.user_name is not None and self.user_name not in text:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0

    def to_json(self) -> dict[str, object]:
        """The order as it stands: what is left of `times` and `after`."""
        match = {"method": self.method, "path": self.path and self.path.pattern, "userName": self.user_name}
        body: dict[str, object] = {"kind": self.kind, "match": {k: v for k, v in match.items() if v is not None}}
        body |= {"times": self.times, "after": self.after}
        if self.kind == "latency":
            body["seconds"] = self.seconds
        if self.kind == "status":
            body |= {"status": self.status, "retryAfter": self.retry_after, "body": self.body}
        return body


class Faults:
    """All orders for requests; the first that matches strikes."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []

    @property
    def need_text(self) -> bool:
        """Whether what a request says, and not only where it goes, decides."""
        return any(order.user_name is not None for order in self._orders)

    def order(self, body: Mapping[str, Any]) -> None:
        """Add one; raises FaultError."""
        self._orders.append(_fault(body))

    def to_json(self) -> list[dict[str, object]]:
        """The orders that can still strike."""
        return [order.to_json() for order in self._orders if order.times != 0]

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._orders.clear()

    def strike(self, method: str, path: str, text: str = "") -> Fault | None:
        """What goes wrong with this request; `text` is whatever it says, in lower case."""
        self._orders = [order for order in self._orders if order.times is None or order.times > 0]
        return next((order for order in self._orders if order.strikes(method, path, text)), None)

    def __len__(self) -> int:
        return len(self._orders)


@dataclass(frozen=True, slots=True)
class JobFault:
    """What goes wrong with one job."""

    kind: str
    every: int = 3
    """Which operation a partial failure leaves out: every k-th."""


class JobFaults:
    """What goes wrong with the next jobs, in order."""

    def __init__(self) -> None:
        self._next: deque[JobFault] = deque()

    def order(self, body: Mapping[str, Any]) -> None:
        """The next `times` jobs fail so; raises FaultError."""
        kind = body.get("job")
        if kind not in JOB_KINDS:
            raise FaultError(f"job must be one of {', '.join(JOB_KINDS)}, not {kind!r}")
        _check_fields(body, _JOB_FIELDS)
        times, every = (_count(body, name, default) for name, default in (("times", 1), ("every", 3)))
        self._next.extend([JobFault(str(kind), every)] * times)

    def to_json(self) -> list[dict[str, object]]:
        """What is still to come."""
        return [{"job": fault.kind, "every": fault.every} for fault in self._next]

    def clear(self) -> None:
        """Jobs work again."""
        self._next.clear()

    def next(self) -> JobFault | None:
        """The fault of the job that is submitted now."""
        return self._next.popleft() if self._next else None


def _fault(body: Mapping[str, Any]) -> Fault:
    kind, match = body.get("kind"), body.get("match", {})
    if kind not in KINDS:
        raise FaultError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    if not isinstance(match, Mapping):
        raise FaultError(f"match must be an object with {', '.join(_MATCH)}")
    _check_fields(body, _FIELDS)
    _check_fields(match, _MATCH)
    method, user_name = match.get("method"), match.get("userName")
    return Fault(
        kind=str(kind),
        method=str(method).upper() if method is not None else None,
        path=_pattern(match.get("path")),
        user_name=str(user_name).lower() if user_name is not None else None,
        times=_number(body, "times", None),
        after=_number(body, "after", 0) or 0,
        seconds=float(_number(body, "seconds", 0, (int, float)) or 0),
        status=_status(body.get("status", 503)),
        retry_after=_header(body.get("retryAfter")),
        body=body.get("body"),
    )


def _check_fields(order: Mapping[str, Any], known: tuple[str, ...]) -> None:
    if unknown := sorted(order.keys() - set(known)):
        raise FaultError(f"there is no field {', '.join(unknown)}; there are {', '.join(known)}")


def _count(body: Mapping[str, Any], name: str, default: int) -> int:
    value = body.get(name, default)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MOST_JOBS:
        return value
    raise FaultError(f"{name} must be a number from 1 to {_MOST_JOBS}, not {value!r}")


def _pattern(path: object) -> re.Pattern[str] | None:
    try:
        return None if path is None else re.compile(str(path))
    except (re.error, OverflowError, RecursionError) as error:
        raise FaultError(f"match.path is no regular expression: {error}") from error


def _status(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 200 <= value <= 599:
        return value
    raise FaultError(f"status must be a number from 200 to 599, not {value!r}")


def _header(value: object) -> str | None:
    if value is None or (isinstance(value, str | int | float) and re.fullmatch(r"[ -~]+", str(value))):
        return None if value is None else str(value)
    raise FaultError(f"retryAfter must be a number or a date, not {value!r}")


def _number(body: Mapping[str, Any], name: str, default: Any, kinds: tuple[type, ...] = (int,)) -> Any:  # noqa: ANN401
    value: Any = body.get(name, default)
    if value is None or (
        isinstance(value, kinds) and not isinstance(value, bool) and 0 <= float(str(value)) <= _LARGEST
    ):
        return value
    raise FaultError(f"{name} must be a number from 0 to {_LARGEST}, not {value!r}")
