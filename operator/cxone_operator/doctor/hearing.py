"""Hearing: what the headers of CXone's answers say besides: what time it is there, and how much may be asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp

from cxone_operator.doctor.check import Check, Outcome, ok, skipped, warning

_MOST_SKEW = timedelta(seconds=30)
"""People lose access at `activeUntil` by our clock, and tokens end by CXone's; seconds do not matter."""
_POLICY = re.compile(r"\bq=(?P<most>\d+)[^,]*?\bw=(?P<seconds>\d+)")
_OLDER_POLICY = re.compile(r"\b(?P<most>\d+)\s*;\s*w=(?P<seconds>\d+)")
_POLICIES = ("RateLimit-Policy", "RateLimit-Limit", "X-RateLimit-Policy")
_MINUTE = ("X-RateLimit-Limit-Minute",)
_THROTTLED = 429


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer."""

    status: int
    method: str
    asked: datetime
    """By our clock; so is the next."""
    answered: datetime
    told: datetime | None
    """By the clock of the server (RFC 9110 section 6.6.1)."""
    per_minute: float | None
    """Requests that it lets through in a minute, where it says so."""

    @property
    def skew(self) -> timedelta | None:
        """By how much its clock is ahead of ours; the header has whole seconds."""
        return self.told - (self.asked + (self.answered - self.asked) / 2) if self.told is not None else None


class Hearing:
    """An aiohttp middleware that listens."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self.heard: list[Heard] = []

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Pass it on, and note what came back."""
        asked = self._now()
        response = await handler(request)
        headers = response.headers
        heard = Heard(response.status, request.method, asked, self._now(), _date(headers), per_minute(headers))
        self.heard.append(heard)
        return response

    @property
    def token_given(self) -> bool:
        """A POST of ours was answered with yes."""
        return any((heard.method, heard.status) == ("POST", 200) for heard in self.heard)


def per_minute(headers: Mapping[str, str]) -> float | None:
    """The smallest limit of an answer (draft-ietf-httpapi-ratelimit-headers, old and new), as requests in a minute."""
    texts = [headers[name] for name in _POLICIES if name in headers]
    found = [match for text in texts for form in (_POLICY, _OLDER_POLICY) for match in form.finditer(text)]
    rates = [60 * int(match["most"]) / seconds for match in found if (seconds := int(match["seconds"]))]
    rates += [float(headers[name]) for name in _MINUTE if headers.get(name, "").isdecimal()]
    return min(rates, default=None)


def judge_clock(heard: Iterable[Heard]) -> Check:
    """By the answer that took the least time."""
    dated = [one for one in heard if one.skew is not None]
    quickest = min(dated, key=lambda one: one.answered - one.asked, default=None)
    if quickest is None or quickest.skew is None:
        return skipped("clock", "no answer of CXone had a date")
    seconds = round(quickest.skew.total_seconds())
    if abs(quickest.skew) <= _MOST_SKEW:
        return ok("clock", "this machine and CXone agree")
    text = f"CXone's clock is {abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} that of this machine"
    return warning("clock", text, "see to NTP where the operator runs; activeFrom and activeUntil go by its clock")


def judge_rate(heard: Iterable[Heard], configured: int) -> Check:
    """`configured`: spec.rateLimit.requestsPerMinute."""
    answers = list(heard)
    least = min((one.per_minute for one in answers if one.per_minute is not None), default=None)
    if least is not None and configured > least:
        text = f"spec.rateLimit.requestsPerMinute is {configured}, and CXone lets {least:.0f} through in a minute"
        return warning("rate limit", text, f"set spec.rateLimit.requestsPerMinute to {least:.0f} or less")
    if any(one.status == _THROTTLED for one in answers):
        text = f"CXone has answered {_THROTTLED} to one of these few requests"
        remedy = "lower spec.rateLimit.requestsPerMinute by what others use who ask with the same client"
        return warning("rate limit", text, remedy)
    says = f"CXone lets {least:.0f} through in a minute" if least is not None else "CXone does not say its own"
    return Check("rate limit", Outcome.OK, f"{configured} requests per minute; {says}")


def _date(headers: Mapping[str, str]) -> datetime | None:
    try:
        moment = parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
