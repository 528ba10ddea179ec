"""One file for each API that tenants speak; here a tenant's preset and its own settings become one dialect."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import get_type_hints

import msgspec

from cxone_operator.api.tenant import Api, TenantSpec
from cxone_operator.scim.dialects.dialect import Dialect
from cxone_operator.scim.dialects.platform import PLATFORM
from cxone_operator.scim.dialects.rfc7644 import RFC7644
from cxone_operator.scim.dialects.userhub import USER_HUB

PRESETS = {"Platform": PLATFORM, "UserHub": USER_HUB, "RFC7644": RFC7644}


def dialect_of(api: Api) -> Dialect:
    """The preset with everything that the tenant sets beside it; a path may end with / or not."""
    hints = get_type_hints(Dialect)
    given = msgspec.structs.asdict(api) | msgspec.structs.asdict(api.auth)
    wanted = {field.name: given.get(field.name) for field in fields(Dialect)}
    return replace(
        PRESETS[api.preset],
        **{name: _typed(hints[name], value) for name, value in wanted.items() if value is not None},  # type: ignore[arg-type]
    )


def settled(spec: TenantSpec) -> TenantSpec:
    """The spec, with what its preset says where it says nothing itself."""
    mode = spec.license.mode or dialect_of(spec.api).license
    return msgspec.structs.replace(spec, license=msgspec.structs.replace(spec.license, mode=mode))


def _typed(kind: object, value: object) -> object:
    if isinstance(kind, type) and isinstance(value, str):
        return kind(value.rstrip("/") if kind is str else value)
    return value.rstrip("/") if isinstance(value, str) else value
