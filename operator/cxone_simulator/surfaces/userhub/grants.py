"""Tokens for an access key (cxone-and-peers, section 1.2): by the password grant of a client, or without any client."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Mapping

from aiohttp import web

from cxone_simulator.bodies import read_object
from cxone_simulator.clients import Form, TokenProblem, require_client, token_handler
from cxone_simulator.errors import ScimProblem
from cxone_simulator.settings import Settings
from cxone_simulator.shapes import made_id
from cxone_simulator.world import World


def add_grants(app: web.Application, world: World) -> None:
    """Register /auth/token and /authentication/v1/token/access-key."""

    def give(request: web.Request, form: Form) -> Mapping[str, object]:
        require_client(world.settings, request.headers.get("Authorization", ""), form)
        _check_grant(world, form)
        return _issued(world, request)

    async def give_for_key(request: web.Request) -> web.Response:
        body = await read_object(request)
        if not _is_key(world.settings, body.get("accessKeyId"), body.get("accessKeySecret")):
            raise ScimProblem(401, "the access key is unknown")
        return web.json_response(_issued(world, request), headers={"Cache-Control": "no-store"})

    app.router.add_route("POST", "/auth/token", token_handler(give))
    app.router.add_route("POST", "/authentication/v1/token/access-key", give_for_key)


def tenant_id(settings: Settings) -> str:
    """What the claim tenantId says, and discovery is asked for."""
    return made_id("tenant", settings.client_id)


def _check_grant(world: World, form: Form) -> None:
    """Client credentials are not among the grants."""
    grant = form.get("grant_type")
    if grant == "password":
        good = _is_key(world.settings, form.get("username"), form.get("password"))
    elif grant == "refresh_token":
        good = world.tokens.can_refresh(str(form.get("refresh_token", "")))
    else:
        raise TokenProblem(400, "unsupported_grant_type", "password and refresh_token are offered")
    if not good:
        raise TokenProblem(
            400, "invalid_grant", f"the {'access key' if grant == 'password' else 'refresh token'} is wrong"
        )


def _is_key(settings: Settings, id_: object, secret: object) -> bool:
    given, known = f"{id_}:{secret}", f"{settings.access_key_id}:{settings.access_key_secret}"
    return hmac.compare_digest(given.encode(errors="replace"), known.encode(errors="replace"))


def _issued(world: World, request: web.Request) -> dict[str, object]:
    refresh = world.tokens.issue_refresh()
    return {**world.tokens.issue(()), "refresh_token": refresh, "id_token": _id_token(world.settings, request)}


def _id_token(settings: Settings, request: web.Request) -> str:
    """Unsigned: nobody is to trust it, clients read the tenant from it."""
    now = int(time.time())
    claims = {
        "iss": str(request.url.origin()),
        "sub": settings.access_key_id,
        "aud": settings.client_id,
        "iat": now,
        "exp": now + int(settings.token_seconds),
        "tenantId": tenant_id(settings),
    }
    return f"{_encoded({'alg': 'none', 'typ': 'JWT'})}.{_encoded(claims)}."


def _encoded(part: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
