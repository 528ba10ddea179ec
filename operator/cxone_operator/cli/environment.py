"""The tenant of the environment, checked: what `run` and the commands of a person take from CXONE_ variables."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from cxone_operator.api.tenant import TenantSpec
from cxone_operator.config import EnvironmentTenant, SettingsError, environment_tenant, unknown_fields
from cxone_operator.engine.supervisor import DefaultTenant
from cxone_operator.scim.credentials import Credentials
from cxone_operator.scim.dialects import dialect_of


def default_tenant(environ: Mapping[str, str]) -> DefaultTenant | None:
    """None without CXONE_BASE_URL; raises SettingsError naming the variable and the remedy."""
    found = environment_tenant(environ)
    if found is None:
        return None
    spec = _spec(found)
    return DefaultTenant(spec, Credentials.of(found.checked(dialect_of(spec.api).grant.keys)))


def _spec(tenant: EnvironmentTenant) -> TenantSpec:
    try:
        spec = msgspec.convert(tenant.spec, TenantSpec, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"the CXONE_ variables do not describe a tenant: {error}") from error
    unknown = unknown_fields(tenant.spec, msgspec.to_builtins(spec))
    if unknown:
        raise SettingsError(f"the CXONE_ variables name fields that a tenant does not have: {', '.join(unknown)}")
    return spec
