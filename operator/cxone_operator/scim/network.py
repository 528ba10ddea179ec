"""The way to CXone: through a company's proxy or straight, whom we trust there, and by which certificate we are known.

Proxies are those of the tenant, else those of the environment: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in either case.
The requests to the API server never come here. Nothing is read from ~/.netrc: credentials are in Secrets.
"""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol
from urllib import request

import aiohttp
from yarl import URL

from cxone_operator.scim.credentials import Credentials


class Session(Protocol):
    """What requests are sent over."""

    def request(
        self,
        method: str,
        url: str | URL,
        **options: Any,  # noqa: ANN401 - aiohttp's own
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """One request; aiohttp.ClientSession has the options."""


def open_session(*middlewares: aiohttp.ClientMiddlewareType) -> aiohttp.ClientSession:
    """A session that all tenants share: what a server remembers of one by a cookie must not be sent for another."""
    agent = {"User-Agent": f"cxone-operator/{version('cxone-operator')}"}
    return aiohttp.ClientSession(headers=agent, middlewares=middlewares, cookie_jar=aiohttp.DummyCookieJar())


class CertificateProblem(ValueError):
    """A certificate or key that cannot be used; the message names it."""


class Way:
    """A session of all tenants, by the way of one of them."""

    def __init__(self, session: aiohttp.ClientSession, proxy_url: str | None, tls: ssl.SSLContext | None) -> None:
        self._session = session
        self._proxy_url = proxy_url
        self._tls = tls

    def request(
        self,
        method: str,
        url: str | URL,
        **options: Any,  # noqa: ANN401 - aiohttp's own
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """By the proxy that the address is reached through."""
        proxy = proxy_of(self._proxy_url, URL(url))
        tls = self._tls if self._tls is not None else True
        return self._session.request(method, url, proxy=proxy, ssl=tls, **options)


def proxy_of(proxy_url: str | None, url: URL) -> str | None:
    """The proxy of the tenant, else of the environment, None where an address is reached straight."""
    if proxy_url is not None:
        return proxy_url
    proxies = request.getproxies_environment()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    bypassed = request.proxy_bypass_environment(url.authority, proxies)  # type: ignore[attr-defined] # it has no stub
    if proxy is None or bypassed:
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def tls_of(credentials: Credentials) -> ssl.SSLContext | None:
    """With the tenant's own authority and client certificate, None without either; raises CertificateProblem.

    The authorities of the system, or of SSL_CERT_FILE, are trusted besides.
    """
    if not (credentials.ca_certificate or credentials.client_certificate):
        return None
    context = ssl.create_default_context()
    if credentials.ca_certificate:
        try:
            context.load_verify_locations(cadata=credentials.ca_certificate)
        except (ssl.SSLError, ValueError) as error:
            raise CertificateProblem("ca.crt of spec.network.caSecretRef is no certificate in PEM form") from error
    if credentials.client_certificate:
        _load_client(context, {"tls.crt": credentials.client_certificate, "tls.key": credentials.client_key})
    return context


def _load_client(context: ssl.SSLContext, files: Mapping[str, str]) -> None:
    """OpenSSL reads files only: they are there for a moment, and for nobody else."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder, name) for name in files}
        for name, text in files.items():
            paths[name].touch(mode=0o600)
            paths[name].write_text(text)
        try:
            context.load_cert_chain(paths["tls.crt"], paths["tls.key"], password="")
        except (ssl.SSLError, ValueError, OSError) as error:
            text = "tls.crt and tls.key of spec.network.clientCertificateSecretRef are no certificate and its key"
            raise CertificateProblem(text) from error
