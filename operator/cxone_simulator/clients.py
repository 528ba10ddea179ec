"""Who asks for a token: the client id and secret of a request, in each of the ways that a client may show them."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import web

from cxone_simulator.settings import Settings

Form = Mapping[str, Any]


class TokenProblem(Exception):
    """An error of the token endpoint (RFC 6749 section 5.2)."""

    def __init__(self, status: int, error: str, description: str, challenge: str = "") -> None:
        self.status, self.error, self.description = status, error, description
        self.headers = {"WWW-Authenticate": challenge} if challenge else {}
        super().__init__(error)


def basic_credentials(authorization: str) -> bytes:
    """What a header of HTTP Basic says, `id:secret` (RFC 7617); empty where it is none."""
    kind, _, value = authorization.partition(" ")
    try:
        return base64.b64decode(value, validate=True) if kind.lower() == "basic" else b""
    except ValueError:
        return b""


def is_client(settings: Settings, credentials: bytes) -> bool:
    """It is the client id and the secret, joined by a colon."""
    expected = f"{settings.client_id}:{settings.client_secret}".encode(errors="replace")
    return hmac.compare_digest(credentials, expected)


def require_client(settings: Settings, authorization: str, form: Form) -> None:
    """By the header, whose parts are form-encoded, or in the form (RFC 6749 section 2.3.1); raises TokenProblem.

    A plain id and secret come through where decoding leaves them as they are: a `:` does, a `%41` or a `+` does not.
    """
    if authorization and "client_secret" in form:
        raise TokenProblem(400, "invalid_request", "the client must be named in the header or in the form, not in both")
    given = _decoded(basic_credentials(authorization)) if authorization else _posted(form)
    if not is_client(settings, given):
        challenge = 'Basic realm="simulator"' if authorization else ""
        raise TokenProblem(401, "invalid_client", "the client id or secret is wrong", challenge)


async def read_form(request: web.Request) -> Form:
    """Raises TokenProblem."""
    try:
        return await request.post()
    except (ValueError, LookupError, AssertionError) as error:
        raise TokenProblem(400, "invalid_request", "the form cannot be read") from error


def token_handler(
    give: Callable[[web.Request, Form], Mapping[str, object]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of a token endpoint that gives out what `give` says, or the error that it raises."""

    async def handle(request: web.Request) -> web.Response:
        try:
            body = give(request, await read_form(request))
        except TokenProblem as problem:
            error = {"error": problem.error, "error_description": problem.description}
            return web.json_response(error, status=problem.status, headers=problem.headers)
        return web.json_response(body, headers={"Cache-Control": "no-store"})

    return handle


def _decoded(credentials: bytes) -> bytes:
    id_, _, secret = credentials.decode(errors="replace").partition(":")
    return f"{unquote_plus(id_)}:{unquote_plus(secret)}".encode(errors="replace")


def _posted(form: Form) -> bytes:
    return f"{form.get('client_id', '')}:{form.get('client_secret', '')}".encode(errors="replace")
