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
        return next((text for name in _TEXTS if (text := explained(member(value, name), deepest - 1))), "")
    return ""


def said(raw: bytes, headers: Mapping[str, str]) -> str:
    """The same of a whole answer, whatever it is."""
    return explained(_body(raw)) or headers.get(_HEADER, "").strip()


def word(raw: bytes, name: str) -> str:
    """The attribute of that name, where it is a text; "" otherwise."""
    value = member(_body(raw), name)
    return value if isinstance(value, str) else ""


def _body(raw: bytes) -> Mapping[str, object]:
    try:
        return decode_object(raw)
    except MalformedAnswer:
        return {}
