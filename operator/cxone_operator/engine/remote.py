"""Builds the client of a tenant from its spec."""

from __future__ import annotations

import time

import aiohttp

from cxone_operator.api.reasons import Reason
from cxone_operator.api.tenant import TenantSpec
from cxone_operator.core.failure import Failure, Scope
from cxone_operator.core.fence import Fence
from cxone_operator.engine.budget import Budget
from cxone_operator.engine.tenant import BuildClient
from cxone_operator.scim.auth import Credentials, TokenSource
from cxone_operator.scim.client import RemoteUsers, ScimClient
from cxone_operator.scim.dialect import Dialect, UnsupportedPreset, dialect_for
from cxone_operator.scim.observing import Observer
from cxone_operator.scim.transport import Transport
from cxone_operator.telemetry import metrics


def remote_builder(session: aiohttp.ClientSession, fence: Fence) -> BuildClient:
    """A function that builds clients over one HTTP session, all behind one fence."""

    def build(name: str, spec: TenantSpec, credentials: Credentials, budget: Budget) -> RemoteUsers | Failure:
        try:
            dialect = _dialect(spec)
        except UnsupportedPreset as error:
            return Failure(Reason.UNSUPPORTED, str(error), retryable=False, scope=Scope.TENANT)
        base, observe = spec.base_url.rstrip("/"), _observer(name)
        tokens = TokenSource(
            session, base + dialect.token_path, credentials, spec.scopes or dialect.scopes, time.monotonic, observe
        )
        return ScimClient(Transport(session, base, tokens, budget, observe, fence), dialect)

    return build


def _dialect(spec: TenantSpec) -> Dialect:
    api = spec.api
    return dialect_for(
        api.preset,
        token_path=api.token_path,
        users_path=api.users_path,
        bulk_path=api.bulk_path,
        license_quota_path=api.license_quota_path,
        license_assignments_path=api.license_assignments_path,
        bulk=api.bulk,
        list=api.list,
    )


def _observer(name: str) -> Observer:
    def observe(operation: str, code: str, seconds: float) -> None:
        metrics.api_requests.labels(name, operation, code).inc()
        metrics.api_request_duration.labels(name, operation).observe(seconds)

    return observe
