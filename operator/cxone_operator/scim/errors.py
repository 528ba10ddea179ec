"""What CXone can answer besides yes, as one tree.

    ScimError
    ├── BadRequest            400: role, group, attribute or filter that CXone does not take
    ├── AuthenticationFailed  401 after a fresh token, or a token endpoint that refuses the client
    ├── PermissionDenied      403: a scope or a directory permission is missing
    ├── LicenseExhausted      a create or activation refused because no seat is free
    ├── NotFound              404, 410
    ├── AlreadyExists         409 uniqueness, any 409 to a create, or a 400 that says so to one, or of a userName
    ├── Conflict              409 otherwise
    ├── VersionMismatch       412
    ├── PayloadTooLarge       413
    ├── NotOffered            405, 501: the server does not have this operation
    ├── Misfit                the tenant's settings are for another API
    ├── Throttled             429, or a 400 or 403 that says so
    ├── ServerError           5xx, 408, 425
    ├── Unavailable           no connection: the request was not sent
    ├── CircuitOpen           not sent, as CXone as a whole fails
    ├── ConnectionLost        sent, but no whole answer came: nobody knows whether it was carried out
    ├── MalformedAnswer       an answer that cannot be understood
    ├── TooLarge              an answer that is too large to read
    ├── Incomplete            an answer to a look-up that may lack somebody
    ├── Contradicted          a 2xx whose body says that nothing was done
    ├── Redirected            3xx: another host or path; never followed
    └── Rejected              every other refusal

Each leaf says what it means for the next step; `failure` turns an instance into the value that decisions work with.
"""

from __future__ import annotations

import re
from typing import ClassVar

from cxone_operator.api.reasons import Reason
from cxone_operator.core.failure import Failure, Scope
from cxone_operator.telemetry.redaction import without_credentials

_MESSAGE_LIMIT = 500
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_QUOTED = re.compile(r"(?<!\w)(['\"])(?P<name>.+?)\1(?!\w)")
_DIRECTORY_WORD = re.compile(r"\b(role|group)s?\b", re.IGNORECASE)
_DENIAL = re.compile(r"\bnot?\b|n't\b|unknown|invalid|unsupported", re.IGNORECASE)
_INVALID_SPEC = ("invalidValue", "mutability")
"""scimTypes that blame a value (RFC 7644 section 3.12, table 9); the others blame the form of the request."""


class ScimError(Exception):
    """A request to CXone that did not succeed."""

    reason: ClassVar[Reason] = Reason.REMOTE_REJECTED
    retryable: ClassVar[bool] = False
    scope: ClassVar[Scope] = Scope.USER
    uncertain: ClassVar[bool] = False
    """A write that ended so may have been carried out."""
    news: ClassVar[bool] = False
    """CXone is not as we thought: it is looked at again at once."""
    tried: ClassVar[bool] = True
    """The request was made, whether or not it reached CXone."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        retry_after: float | None = None,
        write: bool = True,
        scim_type: str = "",
        request_id: str = "",
    ) -> None:
        self.message = printable(message)
        self.code = code
        self.retry_after = retry_after
        self.scim_type = scim_type
        self.request_id = request_id
        self._write = write
        super().__init__(self.message)

    @property
    def failure(self) -> Failure:
        """The error as decisions see it."""
        return Failure(
            reason=self.specific_reason,
            message=self.message,
            retryable=self.retryable,
            scope=self.scope,
            uncertain=self.uncertain and self._write,
            news=self.news,
            tried=self.tried,
            retry_after=self.retry_after,
            code=self.code,
            request_id=self.request_id,
        )

    @property
    def specific_reason(self) -> Reason:
        """The reason, where the answer tells more than its status does."""
        return self.reason


class BadRequest(ScimError):
    """400: permanent; the detail names what is wrong (RFC 7644 section 3.12, scimType invalidValue)."""

    @property
    def rejected_value(self) -> str | None:
        """The name that CXone does not know, None where the detail quotes none."""
        found = _QUOTED.search(self.message)
        return found["name"] if found else None

    @property
    def specific_reason(self) -> Reason:
        """Whether a role or a group is missing, as far as the detail says so; names in quotes say nothing."""
        text = _QUOTED.sub("", self.message)
        word = _DIRECTORY_WORD.search(text)
        if word and _DENIAL.search(text):
            return Reason.ROLE_NOT_FOUND if word[1].lower() == "role" else Reason.GROUP_NOT_FOUND
        return Reason.INVALID_SPEC if self.scim_type in _INVALID_SPEC else Reason.REMOTE_REJECTED


class AuthenticationFailed(ScimError):
    """CXone does not accept the client id and secret, or a token made from them."""

    reason = Reason.AUTHENTICATION_FAILED
    scope = Scope.TENANT


class PermissionDenied(ScimError):
    """403: the client may not do this."""

    reason = Reason.PERMISSION_DENIED


class LicenseExhausted(ScimError):
    """No seat is free; one may be later."""

    reason = Reason.LICENSE_UNAVAILABLE
    retryable = True


class NotFound(ScimError):
    """404 or 410: the user, or the job, does not exist (any more)."""

    retryable = True
    news = True


class AlreadyExists(ScimError):
    """409 uniqueness: look the user up and adopt it (RFC 7644 section 3.3)."""

    reason = Reason.ALREADY_EXISTS
    news = True


class Conflict(ScimError):
    """409 for another cause than uniqueness."""

    retryable = True
    news = True


class VersionMismatch(ScimError):
    """412: somebody changed the user since it was read (RFC 7644 section 3.14)."""

    retryable = True
    news = True


class PayloadTooLarge(ScimError):
    """413: fewer operations, or fewer bytes, must go into one request (RFC 7644 section 3.7.4)."""

    retryable = True


class NotOffered(ScimError):
    """405 or 501: the server has no such operation (RFC 9110 sections 15.5.6 and 15.6.2). That is no outage."""

    reason = Reason.UNSUPPORTED
    news = True


class Misfit(ScimError):
    """The settings are for another API than the one that answers; the message says which to change."""

    reason = Reason.UNSUPPORTED
    scope = Scope.TENANT


class Throttled(ScimError):
    """429: too many requests (RFC 6585 section 4)."""

    reason = Reason.RATE_LIMITED
    retryable = True
    scope = Scope.TENANT


class ServerError(ScimError):
    """5xx, and 408 and 425 (RFC 9110 section 15.5.9, RFC 8470): passes; a write may have been carried out."""

    reason = Reason.REMOTE_UNAVAILABLE
    retryable = True
    uncertain = True


class Unavailable(ScimError):
    """No connection could be made, so nothing was sent."""

    reason = Reason.REMOTE_UNAVAILABLE
    retryable = True
    scope = Scope.TENANT


class CircuitOpen(Unavailable):
    """The tenant's circuit is open, so nothing was sent, or even tried."""

    tried = False


class ConnectionLost(ScimError):
    """The connection broke or timed out before a whole answer had come."""

    reason = Reason.REMOTE_UNAVAILABLE
    retryable = True
    uncertain = True


class MalformedAnswer(ScimError):
    """The answer is not what the API promises: not JSON, cut off, or of another shape."""

    reason = Reason.REMOTE_UNAVAILABLE
    retryable = True
    uncertain = True


class TooLarge(MalformedAnswer):
    """More than anybody reads at once: ask for less. The service as a whole is well."""

    reason = Reason.REMOTE_REJECTED


class Incomplete(ScimError):
    """The answer has fewer entries than it says, or some that cannot be understood, so nobody counts as missing."""

    retryable = True


class Contradicted(ScimError):
    """A 2xx with `success: false`: nothing was done, and nobody says whether it may be another time."""

    retryable = True
    news = True


class Redirected(ScimError):
    """3xx: what answers is not the API. Our token goes nowhere else, and it is no verdict on anybody."""

    reason = Reason.REMOTE_UNAVAILABLE
    retryable = True
    scope = Scope.TENANT


class Rejected(ScimError):
    """Any other 4xx: permanent."""


_EXHAUSTED = re.compile(r"licen[cs]e|\bseats?\b|quota|\buser limit\b|\bnumber of users\b", re.IGNORECASE)
_SCOPE = re.compile(r"\bscopes?\b|\bpermissions?\b", re.IGNORECASE)
_THROTTLED = re.compile(r"rate.?limit|rate exceeded|too many requests|throttl", re.IGNORECASE)
_ABOUT_USERS = re.compile(r"user|e-?mail|login|account", re.IGNORECASE)
_ABOUT_NAMES = re.compile(r"\buser.?names?\b", re.IGNORECASE)
_TAKEN = re.compile(r"already (exists|taken|in use)|\btaken\b|not unique|must be unique|duplicate", re.IGNORECASE)
_TAKES_SEAT = ("POST", "PUT", "PATCH")
OTHER_PROXY = "correct spec.network.proxyURL, or HTTPS_PROXY, or have the proxy let it through"
"""The remedy where a proxy is in the way."""
_PLAIN: dict[int, type[ScimError]] = {
    400: BadRequest,
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: NotFound,
    405: NotOffered,
    407: Unavailable,
    408: ServerError,
    409: Conflict,
    410: NotFound,
    412: VersionMismatch,
    413: PayloadTooLarge,
    425: ServerError,
    429: Throttled,
    501: NotOffered,
}


def error_for(
    status: int,
    detail: str,
    *,
    method: str = "GET",
    creates: bool = False,
    scim_type: str = "",
    scope_missing: str = "",
    credentials: str = "the credentials",
    retry_after: float | None = None,
    request_id: str = "",
) -> ScimError:
    """The error for a status that is no success.

    `creates`: the request was to create one user, so that a 409 means that the user exists (RFC 7644 section 3.3).
    `scope_missing`: the scope that a 403 would lack. `credentials`: the keys of the Secret that a 401 would blame.
    `retry_after`: seconds.
    """
    kind = _kind(status, detail, method, scim_type, creates=creates)
    return kind(
        _message(kind, status, detail, scope_missing, credentials),
        code=str(status),
        retry_after=retry_after,
        write=method != "GET",
        scim_type=scim_type,
        request_id=request_id,
    )


def printable(text: str) -> str:
    """A text from outside, fit for a message: without control characters and credentials, at most 500 long."""
    return without_credentials(_CONTROL.sub(" ", text))[:_MESSAGE_LIMIT]


def _kind(status: int, detail: str, method: str, scim_type: str, *, creates: bool) -> type[ScimError]:
    if status >= 500:
        return _PLAIN.get(status, ServerError)
    if 300 <= status < 400:
        return Redirected
    said = _QUOTED.sub("", detail)
    if status in (400, 403) and _THROTTLED.search(said) and not _SCOPE.search(said):
        return Throttled
    if status == 409 and scim_type == "uniqueness":
        return AlreadyExists
    if method in _TAKES_SEAT and status in (200, 400, 402, 403, 409) and _speaks_of_seats(detail):
        return LicenseExhausted
    if creates and (status == 409 or (status in (400, 422) and _says_taken(detail, scim_type))):
        return AlreadyExists
    if method in _TAKES_SEAT and status in (400, 422) and _ABOUT_NAMES.search(detail) and _TAKEN.search(said):
        return AlreadyExists
    return _PLAIN.get(status, Rejected if status >= 400 else Contradicted)


def _says_taken(detail: str, scim_type: str) -> bool:
    """Some servers refuse a userName that is taken as they do any wrong value."""
    said = _ABOUT_USERS.search(detail) and _TAKEN.search(_QUOTED.sub("", detail))
    return scim_type == "uniqueness" or bool(said)


def _speaks_of_seats(detail: str) -> bool:
    """Not so a role called 'License Manager', nor the scope License.ReadWrite."""
    text = _QUOTED.sub("", detail)
    return bool(_EXHAUSTED.search(text)) and not _SCOPE.search(text)


def _message(kind: type[ScimError], status: int, detail: str, scope_missing: str, credentials: str) -> str:
    said = f": {detail}" if detail else ""
    if kind is PermissionDenied and scope_missing:
        return f"the client lacks scope {scope_missing}; add it to the API client in CXone (403{said})"
    if kind is PermissionDenied:
        return f"the client may not do this; give it the permission in CXone (403{said})"
    if kind is AuthenticationFailed:
        return f"CXone refuses the credentials; correct {credentials} in the Secret ({status}{said})"
    if kind is Unavailable:
        return f"the proxy before CXone refuses it ({status}); {OTHER_PROXY}"
    if kind is Redirected:
        return f"CXone redirects to another address ({status}), which is not followed; correct spec.baseURL"
    if kind is Contradicted:
        return f"CXone answered {status} and says that it did nothing{said}"
    if kind in (BadRequest, LicenseExhausted) and " " in detail:
        return detail
    return f"CXone answered {status}{said}"
