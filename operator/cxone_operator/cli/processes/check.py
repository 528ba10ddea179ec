"""`check`: wires the doctor to the cluster, to CXone and to the environment."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack

import aiohttp

from cxone_operator.cli.environment import default_tenant
from cxone_operator.cli.options import Place
from cxone_operator.cli.output import progress
from cxone_operator.cli.processes.session import chosen_namespace, fresh_limiter, open_server
from cxone_operator.cluster.client import ClusterClient
from cxone_operator.cluster.errors import ClusterError
from cxone_operator.cluster.server import ApiServer
from cxone_operator.config import SettingsError
from cxone_operator.core.fence import unfenced
from cxone_operator.doctor.admission import Admission
from cxone_operator.doctor.check import Check, failed
from cxone_operator.doctor.cluster import API_SERVER, Cluster
from cxone_operator.doctor.hearing import Hearing
from cxone_operator.doctor.remote import RemoteChecks
from cxone_operator.doctor.rights import Account, Rights, needed
from cxone_operator.doctor.tenant import Tenant
from cxone_operator.doctor.visit import Step, visit
from cxone_operator.engine.supervisor import DefaultTenant
from cxone_operator.engine.wiring import remote_builder
from cxone_operator.scim.network import open_session


def check(place: Place, account: Account) -> list[Check]:
    """All lines; what keeps the doctor from a part of them is a line, too."""
    return asyncio.run(_check(place, account))


async def _check(place: Place, account: Account) -> list[Check]:
    async with AsyncExitStack() as stack:
        before: list[Check] = []
        server = None
        try:
            server = await open_server(place, stack)
        except ClusterError as error:
            before.append(failed(API_SERVER, str(error), "check KUBECONFIG or --context, or say --no-cluster"))
        default, wrong = _environment()
        hearing = Hearing()
        http = await stack.enter_async_context(open_session(hearing))
        steps = _steps(place, account, server, default, http, hearing)
        with progress("checking", len(steps)) as done:
            return [*before, *wrong, *await visit(steps, lambda: done(1))]


def _steps(
    place: Place,
    account: Account,
    server: ApiServer | None,
    default: DefaultTenant | None,
    http: aiohttp.ClientSession,
    hearing: Hearing,
) -> list[Step]:
    namespace = chosen_namespace(place, in_cluster=server is not None)
    cluster = ClusterClient(server, lambda *_: None, unfenced) if server is not None else None
    tenant = Tenant(cluster, namespace, place.tenant, default)
    build = remote_builder(http, unfenced)
    remote = RemoteChecks(
        tenant,
        lambda spec, credentials: build(place.tenant, spec, credentials, fresh_limiter(spec)),
        hearing,
    )
    if server is None:
        return [*tenant.steps(), *remote.steps()]
    rights = Rights(server, account, lambda: needed(namespace, tenant.secret, account.namespace))
    around = [rights.step(), Admission(server).step()]
    return [*Cluster(server, namespace).steps(), *tenant.steps(), *around, *remote.steps()]


def _environment() -> tuple[DefaultTenant | None, list[Check]]:
    try:
        return default_tenant(os.environ), []
    except SettingsError as error:
        return None, [failed("environment", str(error), "correct the variable, or unset CXONE_BASE_URL")]
