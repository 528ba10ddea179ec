"""A company's network: proxies, a private authority, certificates of clients; each fault is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from demo.stage import CLIENT_ID
from e2e.authority import Authority
from support.company_network import https_of, proxy
from support.cxone import Company
from support.waiting import eventually


def message(company: Company) -> str:
    """Why the tenant is not Ready."""
    return str(company.condition("default", "Ready", "CxoneTenant").get("message", ""))


def open_at(company: Company, url: str, **network: Any) -> None:
    """A tenant at another address than the simulator's own."""
    company.put_secret(company.secret)
    company.create_tenant(baseURL=url, network=network)
    company.serve()


def test_the_proxy_of_one_tenant(company: Company) -> None:
    """Everything goes through it, the token too; and the tenant says when it is in the way."""
    with proxy() as (url, seen):
        seen.refuses = True
        open_at(company, company.simulator.url, proxyURL=url)
        eventually(lambda: "the proxy before CXone refuses it (407)" in message(company))
        assert company.stats()["requests"] == {}
        seen.refuses = False
        company.join("jane")
    assert set(seen.asked) == {company.simulator.url.removeprefix("http://")}


def test_the_proxy_of_the_environment(make_own_company: Callable[..., Company]) -> None:
    """For CXone, and never for the API server; whom NO_PROXY names is reached straight."""
    company = make_own_company()
    with proxy() as (url, seen):
        company.put_secret(company.secret)
        company.create_tenant()
        company.operator.start(HTTP_PROXY=url, http_proxy=url, HTTPS_PROXY=url, https_proxy=url)
        company.join("jane")
        assert set(seen.asked) == {company.simulator.url.removeprefix("http://")}
        company.operator.stop()
        number = len(seen.asked)
        company.operator.start(http_proxy=url, NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
        company.join("john")
    assert len(seen.asked) == number


def test_an_authority_of_the_company(company: Company, tmp_path: Path) -> None:
    """By a Secret; without it the tenant says what is missing, and is well as soon as it is there."""
    authority = Authority(tmp_path / "authority")
    with https_of(company.simulator.url, authority) as url:
        open_at(company, url)
        eventually(lambda: "is not trusted" in message(company) and "caSecretRef" in message(company))
        company.change_tenant(network={"caSecretRef": {"name": "company-ca"}})
        eventually(lambda: "company-ca" in message(company))
        company.store_secret({"ca.crt": "no certificate"}, "company-ca")
        eventually(lambda: "is no certificate in PEM form" in message(company))
        company.store_secret({"ca.crt": authority.certificate.read_text()}, "company-ca")
        company.join("jane")


def test_a_gateway_that_asks_for_a_certificate(company: Company, tmp_path: Path) -> None:
    """By a Secret of kubernetes.io/tls; through a proxy as well."""
    authority = Authority(tmp_path / "authority")
    certificate, key = authority.issue("operator")
    company.store_secret({"ca.crt": authority.certificate.read_text()}, "company-ca")
    company.store_secret({"tls.crt": certificate.read_text(), "tls.key": key.read_text()}, "client")
    with https_of(company.simulator.url, authority, wants_client=True) as url, proxy() as (way, seen):
        open_at(company, url, caSecretRef={"name": "company-ca"}, proxyURL=way)
        eventually(lambda: message(company) != "" and "CXone" in message(company))
        assert company.stats()["requests"] == {}, "nobody was let in"
        company.change_tenant(network={"clientCertificateSecretRef": {"name": "client"}})
        company.join("jane")
    assert set(seen.asked) == {url.removeprefix("https://")}
    assert CLIENT_ID not in key.read_text()
