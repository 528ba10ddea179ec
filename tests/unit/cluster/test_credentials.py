"""Credentials: what is read here is what the client library reads, and everything else is left to it."""

from __future__ import annotations

import base64
import json
import os
import ssl
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client
from kubernetes.config.incluster_config import InClusterConfigLoader

from cxone_operator.cluster import credentials
from cxone_operator.cluster.credentials import (
    Credentials,
    ask_library,
    find_credentials,
    namespace_of,
    read_kubeconfig,
    read_service_account,
)
from cxone_operator.cluster.errors import ClusterError
from e2e.authority import Authority
from support.company_network import shake_hands

AUTHORITY = """-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIUbF/3htVYdsr7zp7s/4EPq9B/nXAwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJYXV0aG9yaXR5MCAXDTI2MTEyNjE1MDM0OVoYDzIxMjYxMTAy
MTUwMzQ5WjAUMRIwEAYDVQQDDAlhdXRob3JpdHkwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQClw6/wpsoCwyg6VIyRaggjrWeNuTow8fLyOquvegRthKizIiXC9Qk
pKUsZQ0dwW6+NzwQo6dMLe6gG14PLR5Eo1MwUTAdBgNVHQ4EFgQUhRu68NmZ/PtQ
yCEyMdzmuAcRlMAwHwYDVR0jBBgwFoAUhRu68NmZ/PtQyCEyMdzmuAcRlMAwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiBPp9fHpjMf7WBtGvpZsCsr
TZZ++WJ/KtBLnwRdbWjmuAIhAKylknJUpdvo81Q4mNlCTnZnyLgONfjjqPHr576R
pRnp
-----END CERTIFICATE-----
"""
DATA = base64.b64encode(AUTHORITY.encode()).decode()
CLUSTER: dict[str, Any] = {"server": "https://here:6443", "certificate-authority-data": DATA}
IN_CLUSTER = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}


def kubeconfig(cluster: Any = CLUSTER, user: Any = {"token": "t"}, context: Any = {}, **top: Any) -> dict[str, Any]:  # noqa: B006
    """One that stands alone, beside another context that needs more than that."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [
            {"name": "here", "context": {"cluster": "here", "user": "me", **context}},
            {"name": "there", "context": {"cluster": "there", "user": "program"}},
        ],
        "clusters": [{"name": "here", "cluster": cluster}, {"name": "there", "cluster": {"server": "http://there"}}],
        "users": [{"name": "me", "user": user}, {"name": "program", "user": {"username": "x", "password": "x"}}],
        **top,
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the kubeconfig is to be."""
    return tmp_path / "kubeconfig"


def seen(found: Credentials | None) -> tuple[object, ...]:
    """All that matters of credentials."""
    assert found is not None
    trust = None if found.tls is None else (found.tls.verify_mode, found.tls.check_hostname, found.tls.get_ca_certs())
    return found.server, found.authorization(), trust


@pytest.mark.parametrize(
    ("config", "context"),
    [
        (kubeconfig(), None),
        (kubeconfig(), "here"),
        (kubeconfig(**{"current-context": "there"}), "here"),
        (kubeconfig(cluster={"server": "https://here/path/"} | {"certificate-authority-data": DATA}), None),
        (kubeconfig(cluster={"server": "https://here"}), None),
        (kubeconfig(cluster={"server": "http://here:8080"}), None),
        (kubeconfig(context={"namespace": "workforce", "extensions": []}, preferences={}, extensions=[]), None),
    ],
)
@pytest.mark.parametrize("form", [json.dumps, yaml.safe_dump])
def test_both_read_the_same(path: Path, config: Any, context: str | None, form: Any) -> None:
    """A server, its authority and a token, whatever else the file holds for others."""
    path.write_text(form(config))
    mine = seen(read_kubeconfig(str(path), context))
    assert mine == seen(ask_library(str(path), context))
    assert mine[1] == "Bearer t"


@pytest.mark.parametrize(
    "config",
    [
        *(kubeconfig(user=user) for user in (None, {}, {"token": ""}, {"tokenFile": "t"}, {"exec": {"command": "x"}})),
        *(kubeconfig(user={"token": "t", more: "x"}) for more in ("client-certificate-data", "username", "as")),
        *(
            kubeconfig(cluster={**CLUSTER, more: value})
            for more, value in (
                ("certificate-authority", "ca.crt"),
                ("insecure-skip-tls-verify", True),
                ("proxy-url", "http://proxy"),
                ("tls-server-name", "x"),
            )
        ),
        kubeconfig(cluster={**CLUSTER, "certificate-authority-data": "%"}),
        kubeconfig(cluster={**CLUSTER, "certificate-authority-data": base64.b64encode(b"x").decode()}),
        kubeconfig(users=[{"name": "me", "user": {"token": token}} for token in "ab"]),
        kubeconfig(users=[]),
        kubeconfig(**{"current-context": "nowhere"}),
        {},
        None,
    ],
)
def test_everything_else_is_left_alone(path: Path, config: Any) -> None:
    """Also what is only a little more, and what is wrong: half an understanding is worse than none."""
    path.write_text(json.dumps(config))
    assert read_kubeconfig(str(path), None) is None


def test_several_files_are_the_librarys(path: Path) -> None:
    """They are merged, the first one wins."""
    path.write_text(json.dumps(kubeconfig()))
    other = path.with_name("other")
    other.write_text(json.dumps(kubeconfig(user={"token": "other"})))
    files = f"{other}:{path}"
    assert read_kubeconfig(files, None) is None
    assert find_credentials(None, {"KUBECONFIG": files}).authorization() == "Bearer other"


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "{",
        json.dumps(kubeconfig(**{"current-context": "nowhere"})),
        json.dumps(kubeconfig(cluster={**CLUSTER, "certificate-authority-data": "%"})),
        json.dumps(kubeconfig(cluster={**CLUSTER, "certificate-authority-data": base64.b64encode(b"x").decode()})),
    ],
)
def test_a_mistake_is_an_error_for_a_person(path: Path, content: str | None) -> None:
    """Whatever it is, the message says what can be done."""
    if content is not None:
        path.write_text(content)
    with pytest.raises(ClusterError, match=r"[^.]; set KUBECONFIG, choose --context"):
        find_credentials(None, {"KUBECONFIG": str(path)})


def test_a_program_is_asked_again(path: Path) -> None:
    """An exec plugin is the library's: it is run when its token has run out."""
    program, count = path.with_name("program"), path.with_name("count")
    status = '{"token": "\'$(wc -l < ' + str(count) + ')\'", "expirationTimestamp": "2020-01-01T00:00:00Z"}'
    answer = '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": ' + status + "}"
    program.write_text(f"#!/bin/sh\necho >> {count}\necho '{answer}'\n")
    program.chmod(0o700)
    run = {"command": str(program), "apiVersion": "client.authentication.k8s.io/v1"}
    path.write_text(json.dumps(kubeconfig(user={"exec": run})))
    found = find_credentials(None, {"KUBECONFIG": str(path)})
    assert [found.authorization() for _ in range(2)] == ["Bearer 2", "Bearer 3"]


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    """What Kubernetes mounts into a pod."""
    (tmp_path / "token").write_text("t")
    (tmp_path / "ca.crt").write_text(AUTHORITY)
    return tmp_path


@pytest.mark.parametrize("host", ["10.0.0.1", "fd00::1"])
def test_a_pod_is_who_the_library_says(mounted: Path, host: str) -> None:
    """Server, authority and token."""
    environ = {**IN_CLUSTER, "KUBERNETES_SERVICE_HOST": host}
    configuration = client.Configuration()
    InClusterConfigLoader(str(mounted / "token"), str(mounted / "ca.crt"), environ=environ).load_and_set(configuration)
    server, authorization, trust = seen(read_service_account(environ, mounted))
    assert server == configuration.host
    assert str(authorization).lower() == configuration.get_api_key_with_prefix("BearerToken")
    assert trust == (
        ssl.CERT_REQUIRED,
        True,
        ssl.create_default_context(cafile=configuration.ssl_ca_cert).get_ca_certs(),
    )


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates are judged as from Python 3.13 on, which the image has."""
    made = ssl.create_default_context

    def create(*arguments: Any, **named: Any) -> ssl.SSLContext:
        context = made(*arguments, **named)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", create)


@pytest.mark.usefixtures("strict")
def test_an_older_cluster_is_trusted(mounted: Path, path: Path) -> None:
    """Its certificate lacks an Authority Key Identifier; kubectl does not ask for one."""
    authority = Authority(path.with_name("authority"))
    old, other = authority.issue("old", key_identifier="none"), Authority(path.with_name("other")).issue("other")
    (mounted / "ca.crt").write_bytes(authority.certificate.read_bytes())
    data = base64.b64encode(authority.certificate.read_bytes()).decode()
    path.write_text(json.dumps(kubeconfig(cluster={**CLUSTER, "certificate-authority-data": data})))
    ways = [read_service_account(IN_CLUSTER, mounted), read_kubeconfig(str(path), None), ask_library(str(path), None)]
    for found in ways:
        assert found is not None
        assert found.tls is not None
        shake_hands(found.tls, *old)
        with pytest.raises(ssl.SSLCertVerificationError):
            shake_hands(found.tls, *other)
    with pytest.raises(ssl.SSLCertVerificationError, match="Missing Authority Key Identifier"):
        shake_hands(ssl.create_default_context(cafile=authority.certificate), *old)


def test_a_pod_is_not_told_of_kubeconfigs(mounted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has none; what keeps it from the API server is the network."""
    monkeypatch.setattr(credentials, "SERVICE_ACCOUNT", mounted)
    remedy = find_credentials(None, IN_CLUSTER).remedy
    assert "allow-api-server" in remedy
    assert "KUBECONFIG" not in remedy


def test_what_is_named_comes_before_the_pod(mounted: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kubeconfig or a context that somebody gives is meant, inside a cluster, too."""
    path.write_text(json.dumps(kubeconfig()))
    monkeypatch.setattr(credentials, "SERVICE_ACCOUNT", mounted)
    assert find_credentials(None, IN_CLUSTER).server == "https://10.0.0.1:443"
    named = {**IN_CLUSTER, "KUBECONFIG": str(path)}
    assert find_credentials(None, named).server == "https://here:6443"
    assert find_credentials("there", named).server == "http://there"


def test_the_token_of_a_pod_is_replaced(mounted: Path) -> None:
    """What is in the file now is what counts."""
    found = read_service_account(IN_CLUSTER, mounted)
    assert found is not None
    (mounted / "token").write_text("next\n")
    assert found.authorization() == "Bearer next"


@pytest.mark.parametrize("missing", ["token", "ca.crt", *IN_CLUSTER])
def test_half_a_pod(mounted: Path, missing: str) -> None:
    """The library says what is wrong with it."""
    if missing in IN_CLUSTER:
        environ = {name: value for name, value in IN_CLUSTER.items() if name != missing}
        assert read_service_account(environ, mounted) is None
    else:
        (mounted / missing).write_text("")
        assert read_service_account(IN_CLUSTER, mounted) is None
        (mounted / missing).unlink()
        assert read_service_account(IN_CLUSTER, mounted) is None


def test_a_pod_without_an_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With automountServiceAccountToken: false; wherever the tests run."""
    monkeypatch.setattr(credentials, "SERVICE_ACCOUNT", tmp_path)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(ClusterError, match="run inside a cluster"):
        find_credentials(None, IN_CLUSTER)


@pytest.mark.parametrize(
    ("config", "context", "namespace"),
    [
        (kubeconfig(context={"namespace": "workforce"}), None, "workforce"),
        (kubeconfig(context={"namespace": "workforce"}), "here", "workforce"),
        (kubeconfig(), None, None),
        (kubeconfig(context={"namespace": "workforce"}), "elsewhere", None),
        ({}, None, None),
    ],
)
def test_the_namespace_of_a_context(path: Path, config: Any, context: str | None, namespace: str | None) -> None:
    """Of whichever way in: kubectl looks there too."""
    path.write_text(yaml.safe_dump(config))
    assert namespace_of(context, {"KUBECONFIG": str(path)}) == namespace


def test_the_namespace_is_in_one_of_several_files(path: Path) -> None:
    """As kubectl merges them; a file that is not there counts as empty."""
    path.write_text(yaml.safe_dump(kubeconfig(context={"namespace": "workforce"})))
    assert namespace_of(None, {"KUBECONFIG": f"/nowhere{os.pathsep}{path}"}) == "workforce"
