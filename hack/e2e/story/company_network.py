"""Friday noon: the company closes its network, so that a proxy is the only way to CXone, whose certificate is signed by
the company's own authority. What is applied is what the page on a company's network has."""

from __future__ import annotations

import re

from e2e.authority import Authority
from e2e.cluster import StepFailed
from e2e.images import VERSIONS
from e2e.story.company import INPOD, OPERATOR, PEOPLE, SYSTEM, Company, name
from e2e.world import INSIDE, ROOT

_CXONE = "cxone.example.com"
_ASKED = re.compile(r"Request \(file descriptor \d+\): (\S+ \S+) ")
"""How the proxy logs a request."""
_PAGE = ROOT / "docs" / "how-to" / "company-network.md"
_WAIT = ("-n", PEOPLE, "wait", "cxt/default", "--timeout=150s")


def proxy_is_the_only_way(company: Company) -> str:
    """A proxy is the only way out, and the operator is told of it"""
    _open_gateway(company)
    address = company.cluster.get("-n", "proxy", "pod", "tinyproxy")["status"]["podIP"]
    for file in ("proxy.yaml", "allow-proxy.yaml"):
        text = _of_the_page(file).replace("proxy.example.com", address).replace("10.30.0.7", address)
        (company.overlay / file).write_text(text)
    company.kubectl("-n", SYSTEM, "delete", "networkpolicy", "allow-cxone")
    _apply_overlay(company, "proxy.yaml")
    ways = {f"{address}:3128": True, "gateway.cxone.svc.cluster.local:443": False, "10.96.0.80:443": False}
    found = company.inside(SYSTEM, name(company.leader()), "reach", *ways)
    if found != list(ways.values()):
        raise StepFailed(f"of {list(ways)} the operator reaches {found}")
    return "and CXone is not reached without it"


def other_authority_is_named(company: Company) -> str:
    """A tenant that trusts another authority than that of CXone says so"""
    _trust(company, Authority(INSIDE / "other-authority"))
    trusting = {"caSecretRef": {"name": "cxone-credentials"}}
    company.change_tenant(baseURL=f"https://{_CXONE}", network=trusting)
    return _complaint(company)


def authority_of_one_tenant(company: Company) -> str:
    """With the right one in its Secret it is Ready, and somebody joins"""
    _trust(company, company.authority)
    company.kubectl(*_WAIT, "--for=condition=Ready")
    company.join("by-proxy")
    return "by-proxy"


def authority_of_all_tenants(company: Company) -> str:
    """Without it the tenant complains again, until SSL_CERT_FILE names the authority for all"""
    company.change_tenant(network=None)
    _complaint(company)
    certificate = f"--from-file=ca.crt={company.authority.certificate}"
    company.kubectl("-n", SYSTEM, "create", "configmap", "company-ca", certificate)
    (company.overlay / "company-ca.yaml").write_text(_of_the_page("company-ca.yaml"))
    _apply_overlay(company, "proxy.yaml", "company-ca.yaml")
    company.kubectl(*_WAIT, "--for=condition=Ready")
    company.join("by-ssl-cert-file")
    return "by-ssl-cert-file"


def proxy_saw_cxone_only(company: Company) -> str:
    """The proxy was asked for CXone, and never for the API server"""
    asked = _ASKED.findall(company.kubectl("-n", "proxy", "logs", "tinyproxy"))
    if set(asked) != {f"CONNECT {_CXONE}:443"}:
        raise StepFailed(f"it was asked for {sorted(set(asked))}")
    return f"{len(asked)} times CONNECT {_CXONE}:443"


def _open_gateway(company: Company) -> None:
    certificate, key = company.authority.issue("gateway", [f"DNS:{_CXONE}"])
    create = ("-n", "cxone", "create")
    company.kubectl(*create, "secret", "tls", "gateway", f"--cert={certificate}", f"--key={key}")
    company.kubectl(*create, "configmap", "gateway", f"--from-file={INPOD / 'gateway.py'}")
    company.apply_ours("company-network")
    for namespace, pod in (("cxone", "gateway"), ("proxy", "tinyproxy")):
        company.kubectl("-n", namespace, "wait", "--for=condition=Ready", f"pod/{pod}", "--timeout=60s")


def _apply_overlay(company: Company, *patches: str) -> None:
    company.write_overlay(VERSIONS[0], resources=["allow-proxy.yaml"], patches=patches)
    company.kubectl("apply", "--server-side", "-k", str(company.overlay))
    company.rolled_out(OPERATOR, seconds=120)


def _trust(company: Company, authority: Authority) -> None:
    """Beside the credentials: no other Secret may be read, as the page says."""
    company.store_credentials(**{"ca.crt": authority.certificate.read_text()})


def _complaint(company: Company) -> str:
    """What the tenant says, as soon as it is the authority."""

    def said() -> str:
        conditions = company.cluster.get("-n", PEOPLE, "cxt", "default")["status"]["conditions"]
        message = str(next(entry["message"] for entry in conditions if entry["type"] == "Ready"))
        return message if "the certificate of CXone is not trusted" in message else ""

    return company.cluster.until(said, "the tenant does not say it", 90)


def _of_the_page(file: str) -> str:
    """What the page has the reader put into that file."""
    (text,) = re.findall(rf"^<!-- file: {file} -->\n```yaml\n(.*?)^```", _PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return str(text)


STEPS = (
    proxy_is_the_only_way,
    other_authority_is_named,
    authority_of_one_tenant,
    authority_of_all_tenants,
    proxy_saw_cxone_only,
)
