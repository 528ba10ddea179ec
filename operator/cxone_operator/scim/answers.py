"""Answers: bytes from the network become values, or errors; nothing that comes in can raise anything else."""

from __future__ import annotations

import errno
import os
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial

import aiohttp
import msgspec

from cxone_operator.scim.errors import OTHER_PROXY, ConnectionLost, MalformedAnswer, TooLarge, Unavailable

_LARGEST_BYTES = 10 * 1024 * 1024
"""An answer beyond this is refused; a page of 1,000 users has about one megabyte."""


_TRUST = "give its authority by spec.network.caSecretRef, or for all tenants by SSL_CERT_FILE"
_LONGEST_WAIT = 3600.0
"""Seconds of Retry-After that are obeyed at once; a server that wants more says so again after that."""


@contextmanager
def mapped_errors(*, write: bool) -> Iterator[None]:
    """The only place where aiohttp's exceptions become ours."""
    try:
        yield
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
        # Its text is the whole URL, with user names in it.
        raise Unavailable("the base URL of the tenant is not valid", code="connection", write=write) from error
    except (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError) as error:
        raise _no_way(error, write=write) from error
    except aiohttp.ConnectionTimeoutError as error:
        raise Unavailable("CXone cannot be reached in time", code="timeout", write=write) from error
    except TimeoutError as error:
        raise ConnectionLost("CXone did not answer in time", code="timeout", write=write) from error
    except aiohttp.ClientPayloadError as error:
        raise MalformedAnswer("CXone's answer is cut off", code="malformed", write=write) from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        text = f"the connection to CXone broke: {type(error).__name__}"
        raise ConnectionLost(text, code="connection", write=write) from error


def _no_way(error: aiohttp.ClientConnectorError | aiohttp.ClientHttpProxyError, *, write: bool) -> Unavailable:
    """There is no connection, for want of a proxy, of trust, or of a server; nothing was sent."""
    match error:
        case aiohttp.ClientHttpProxyError():
            code, text = "proxy", f"the proxy before CXone refuses to connect ({error.status}); {OTHER_PROXY}"
        case aiohttp.ClientProxyConnectionError():
            code, text = "proxy", f"the proxy before CXone cannot be reached: {_why(error)}; {OTHER_PROXY}"
        case aiohttp.ClientConnectorCertificateError():
            why = getattr(error.certificate_error, "verify_message", "") or type(error.certificate_error).__name__
            code, text = "tls", f"the certificate of CXone is not trusted: {why}; {_TRUST}"
        case aiohttp.ClientConnectorSSLError():
            code, text = "tls", f"CXone cannot be spoken to by TLS: {error}"
        case _:
            code, text = "connection", f"CXone cannot be reached: {_why(error)}"
    return Unavailable(text, code=code, write=write)


def _why(error: aiohttp.ClientConnectorError) -> str:
    """The address and what the system says of it; asyncio and aiohttp put their own words around both."""
    cause = error.os_error
    number = cause.errno or 0
    said = os.strerror(number) if number in errno.errorcode else cause.strerror or str(cause)
    return f"{error.host}:{error.port}: {said}"


async def read_answer(
    request: AbstractAsyncContextManager[aiohttp.ClientResponse], *, write: bool
) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and whole body of one request; raises ScimError."""
    with mapped_errors(write=write):
        async with request as response:
            raw = await _all(response, write=write)
            return response.status, response.headers, as_utf8(raw, response.charset)


async def _all(response: aiohttp.ClientResponse, *, write: bool) -> bytes:
    parts, size = [], 0
    async for part in response.content.iter_chunked(1 << 16):
        size += len(part)
        if size > _LARGEST_BYTES:
            raise TooLarge("CXone's answer is too large", code="malformed", write=write)
        parts.append(part)
    return b"".join(parts)


def as_utf8(raw: bytes, charset: str | None) -> bytes:
    """As RFC 8259 section 8.1 has it: without a byte order mark, and in UTF-8, where the header names what it is in."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        try:
            return raw.decode(charset or "utf-8").encode()
        except (LookupError, ValueError):
            return raw
    return raw.removeprefix(BOM_UTF8)


def decode_object(raw: bytes, *, write: bool = False, request_id: str = "") -> Mapping[str, object]:
    """A JSON object; raises MalformedAnswer."""
    malformed = partial(MalformedAnswer, code="malformed", write=write, request_id=request_id)
    try:
        body = msgspec.json.decode(raw)
    except (ValueError, RecursionError) as error:  # bytes that are no UTF-8 are a ValueError only
        raise malformed("CXone's answer is not JSON") from error
    if not isinstance(body, dict):
        raise malformed("CXone's answer is not a JSON object")
    return body


def member(body: Mapping[str, object], name: str) -> object:
    """The attribute of that name in any case (RFC 7643 section 2.1); None where there is none."""
    if name in body:
        return body[name]
    lower = name.lower()
    return next((value for key, value in body.items() if key.lower() == lower), None)


def count_from(value: object) -> int | None:
    """A number from 0 on that counts something, also as a string; None where it is none."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait by Retry-After, seconds or an HTTP date (RFC 9110 section 10.2.3); at most an hour."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return min(float(value), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - now).total_seconds()), _LONGEST_WAIT)
