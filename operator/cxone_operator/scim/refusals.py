"""Refusals: what a server says is wrong, in whichever of its forms.

| form                                               | who answers so                                     |
|----------------------------------------------------|----------------------------------------------------|
| `schemas` with Error, `detail`, `status`           | SCIM (RFC 7644 section 3.12), also with a 200      |
| `error`, `error_description`                       | OAuth (RFC 6749 section 5.2), and the vendor's 403 |
| `code`, `details`, `hostName`, `errors`            | the vendor's user management                       |
| `timestamp`, `status`, `error`, `message`, `path`  | what stands before it                              |
| `success` false, `message` or `msg`, with a 200    | the vendor's creates and changes                   |
| `errorCount`, `agentResults`, with a 200 or 206    | the vendor's changes of agents                     |
| `title`, `detail`                                  | gateways (RFC 9457)                                |
| one of these in `message`, `response` or `error`   | what stands before a server, and passes its error  |
| `detail`, and a list whose name ends in `errors`   | servers that count up what is wrong                |
| nothing, but the header `icStatusDescription`      | the vendor's older APIs                            |
"""

from __future__ import annotations

from collections.abc import Mapping

from cxone_operator.scim.answers import count_from, decode_object, member
from cxone_operator.scim.errors import MalformedAnswer

ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"
_TEXTS = (
    *("detail", "details", "error_description", "message", "msg", "defaultMessage"),
    *("error", "errors", "agentResults", "title", "code"),
)
"""Where servers write it, the most telling first."""
_WRAPPERS = ("message", "response", "error", "detail")
_HEADER = "icStatusDescription"
_DEEPEST = 4
"""Objects within objects that are looked into."""
_MOST = 5
"""Entries of a list that are told; a message holds no more."""


def refused_status(body: Mapping[str, object]) -> int | None:
    """What a body says of a request that the status line calls a success; None where it does not object.

    A SCIM Error has a status of its own; the other forms have none, so that stays 200.
    """
    schemas = member(body, "schemas")
    if isinstance(schemas, list) and ERROR_SCHEMA in schemas:
        status = count_from(member(body, "status"))
        return status if status is not None and 300 <= status < 600 else 200
    failed = str(member(body, "success")).lower() == "false" or count_from(member(body, "errorCount"))
    return 200 if failed else None


def explained(value: object, deepest: int = _DEEPEST) -> str:
    """The words for people in an answer, or in a part of it; "" where there are none."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        said = (explained(item, deepest - 1) for item in value[:_MOST]) if deepest else ()
        return "; ".join(dict.fromkeys(text for text in said if text))
    if isinstance(value, Mapping) and deepest:
        first = next((text for name in _TEXTS if (text := explained(member(value, name), deepest - 1))), "")
        return "; ".join(dict.fromkeys(text for text in (first, *_counted_up(value, deepest - 1)) if text))
    return ""


def _counted_up(body: Mapping[str, object], deepest: int) -> list[str]:
    """The words of errors that stand in a list, of the body or of an extension of it."""
    holders = [body, *(value for value in body.values() if isinstance(value, Mapping))]
    lists = (value for holder in holders for name, value in holder.items() if name.lower().endswith("errors"))
    return [explained(item, deepest) for value in lists if isinstance(value, list) for item in value[:_MOST]]


def said(raw: bytes, headers: Mapping[str, str]) -> str:
    """The same of a whole answer, whatever it is."""
    return explained(_body(raw)) or headers.get(_HEADER, "").strip()


def word(raw: bytes, name: str) -> str:
    """The attribute of that name, where it is a text; "" otherwise."""
    value = member(_body(raw), name)
    return value if isinstance(value, str) else ""


def _body(raw: bytes) -> Mapping[str, object]:
    """Of an error that is wrapped in another one, be it as an object or as its text, the one inside."""
    body = _decoded(raw)
    held = (member(body, name) for name in _WRAPPERS)
    inside = (_decoded(value.encode()) if isinstance(value, str) else value for value in held)
    errors = (value for value in inside if isinstance(value, Mapping))
    return next((error for error in errors if member(error, "detail") or member(error, "message")), body)


def _decoded(raw: bytes) -> Mapping[str, object]:
    try:
        return decode_object(raw)
    except MalformedAnswer:
        return {}
