"""One request to the API server: bounds, JSON both ways, and an error for whatever goes wrong."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
import msgspec

from cxone_operator.cluster.errors import Unreachable, error_for

Body = Mapping[str, object]

_TIMEOUT = aiohttp.ClientTimeout(total=30, connect=10)
_MERGE = "application/merge-patch+json"


class ApiServer:
    """The API server over one aiohttp session."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def request(
        self, method: str, path: str, *, body: Body | None = None, params: Mapping[str, str] | None = None
    ) -> Body:
        """The JSON object that it answers; a PATCH is a merge patch (RFC 7396). Raises ClusterError."""
        headers = {"Content-Type": _MERGE if method == "PATCH" else "application/json"}
        data = msgspec.json.encode(body) if body is not None else None
        try:
            async with self._session.request(
                method, self._url + path, params=params, data=data, headers=headers, timeout=_TIMEOUT
            ) as response:
                raw = await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"the API server at {self._url} cannot be reached: {error}") from error
        return _answer(status, raw)


def _answer(status: int, raw: bytes) -> Body:
    try:
        body = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        body = None
    if not isinstance(body, dict):
        raise (
            error_for(status, "no JSON object") if status >= 400 else Unreachable("the API server sent no JSON object")
        )
    if status >= 400:
        raise error_for(status, str(body.get("message", "")))
    return body
