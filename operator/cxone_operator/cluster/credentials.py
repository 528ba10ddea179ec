"""Where the cluster is, whom we trust there, and who we are.

The official client library knows every way in: exec plugins, auth providers, client certificates, kubeconfigs that are
merged. It comes whole, though, and its import is a third of the CPU that a start takes. So the two ways that are no
more than a server and a token are read here: a pod's service account, and a kubeconfig in which nothing else is said of
the chosen context. Everything else, mistakes included, is left to the library, which is imported then: nothing is
understood in two places, and what is wrong with a kubeconfig is for the library to say (ADR 0009).
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from cxone_operator.cluster.errors import ClusterError

if TYPE_CHECKING:
    from kubernetes import client

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""What Kubernetes mounts into each pod; it replaces the token in it within the hour."""

_POD_REMEDY = "see whether the network policy allow-api-server lets the pod reach it"

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Credentials:
    """One way into one cluster."""

    server: str
    tls: ssl.SSLContext | None
    """None where the server is reached without encryption."""
    authorization: Callable[[], str | None]
    """The value of the Authorization header as of now, None where a certificate identifies us; may run a program."""
    remedy: str = "check KUBECONFIG or --context"
    """For a person who reads that the server cannot be reached."""


def find_credentials(context: str | None, environ: Mapping[str, str]) -> Credentials:
    """KUBECONFIG or ~/.kube/config with `context`, else the service account of the pod; raises ClusterError."""
    if "KUBERNETES_SERVICE_HOST" in environ and "KUBECONFIG" not in environ and context is None:
        return read_service_account(environ, SERVICE_ACCOUNT) or ask_library(None, None)
    files = environ.get("KUBECONFIG", "~/.kube/config")
    return read_kubeconfig(files, context) or ask_library(files, context)


def read_service_account(environ: Mapping[str, str], folder: Path) -> Credentials | None:
    """What a pod is given; None if a part of it is missing."""
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "")
    authorization = partial(_authorization, folder / "token")
    try:
        tls = _trusting(cafile=folder / "ca.crt")
        complete = host and port and authorization()
    except (OSError, ValueError):
        return None
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    return Credentials(server, tls, authorization, _POD_REMEDY) if complete else None


def _authorization(token_file: Path) -> str | None:
    token = token_file.read_text().strip()
    return f"Bearer {token}" if token else None


def _trusting(cafile: Path | str | None = None, cadata: str | None = None) -> ssl.SSLContext:
    """For an authority that the cluster itself has named.

    Python 3.13 began to refuse certificates that lack an Authority Key Identifier. Clusters that were made before have
    such, cannot renew them at will, and kubectl takes them; who vouches for them is verified as ever.
    """
    context = ssl.create_default_context(cafile=cafile, cadata=cadata)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


class _Cluster(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    server: str
    certificate_authority_data: bytes = b""


class _User(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token: str


class _Context(msgspec.Struct, frozen=True):
    cluster: str
    user: str


class _Contexts(msgspec.Struct, frozen=True, rename="kebab"):
    contexts: list[dict[str, object]]
    current_context: str = ""


class _Kubeconfig(_Contexts, frozen=True, kw_only=True, rename="kebab"):
    clusters: list[dict[str, object]]
    users: list[dict[str, object]]


def read_kubeconfig(files: str, context: str | None) -> Credentials | None:
    """What the kubeconfig says, if that is one file, and no more than a server, its authority and a token."""
    try:
        config = msgspec.yaml.decode(Path(files).expanduser().read_bytes(), type=_Kubeconfig)
        chosen = _entry(config.contexts, context or config.current_context, "context", _Context)
        cluster = _entry(config.clusters, chosen.cluster, "cluster", _Cluster)
        user = _entry(config.users, chosen.user, "user", _User)
        server = cluster.server.rstrip("/")
        authority = cluster.certificate_authority_data.decode()
        tls = _trusting(cadata=authority or None) if server.startswith("https") else None
    except (OSError, ValueError, msgspec.MsgspecError):
        return None
    return Credentials(server, tls, lambda: f"Bearer {user.token}") if user.token else None


def namespace_of(context: str | None, environ: Mapping[str, str]) -> str | None:
    """The namespace that a kubeconfig has for the context, or for its current one; None where it says none."""
    for name in environ.get("KUBECONFIG", "~/.kube/config").split(os.pathsep):
        try:
            config = msgspec.yaml.decode(Path(name).expanduser().read_bytes(), type=_Contexts)
            chosen = _entry(config.contexts, context or config.current_context, "context", dict)
        except (OSError, ValueError, msgspec.MsgspecError):
            continue
        return str(chosen["namespace"]) if chosen.get("namespace") else None
    return None


def _entry(entries: Sequence[Mapping[str, object]], name: str, kind: str, form: type[Entry]) -> Entry:
    (found,) = (entry for entry in entries if entry.get("name") == name)
    return msgspec.convert(found.get(kind), form)


def ask_library(files: str | None, context: str | None) -> Credentials:
    """Whatever the library makes of kubeconfigs, or, where there are none, of the pod; raises ClusterError."""
    import yaml
    from kubernetes import client, config

    configuration = client.Configuration()
    try:
        if files is None:
            config.load_incluster_config(client_configuration=configuration)
        else:
            config.load_kube_config(config_file=files, context=context, client_configuration=configuration)
        tls = _tls(configuration)
    except (config.ConfigException, yaml.YAMLError, OSError, ValueError) as error:
        why = str(error).rstrip(".")
        raise ClusterError(
            f"no cluster to work with: {why}; set KUBECONFIG, choose --context, or run inside a cluster"
        ) from error
    authorization = partial(configuration.get_api_key_with_prefix, "BearerToken")
    return Credentials(configuration.host.rstrip("/"), tls, authorization)


def _tls(configuration: client.Configuration) -> ssl.SSLContext | None:
    if not configuration.host.startswith("https"):
        return None
    context = _trusting(cafile=configuration.ssl_ca_cert)
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    return context
