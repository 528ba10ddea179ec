"""The page of the environment: the variables that describe a tenant, one for each field of a CxoneTenant's spec."""

from __future__ import annotations

import re
from pathlib import Path

from cxone_operator import config
from reference.crds import Field, fields, read, schema_of
from reference.markdown import literal, page, section, table

_NOT_FROM_THE_ENVIRONMENT = "credentialsSecretRef"
"""The credentials themselves are given instead."""


def variable(path: str) -> str:
    """The variable of a field of the spec: `rateLimit.requestsPerMinute` → CXONE_RATE_LIMIT__REQUESTS_PER_MINUTE."""
    parts = [re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", part).upper() for part in path.split(".")]
    return config.PREFIX + "__".join(parts)


def tenant_fields(root: Path) -> list[Field]:
    """Every value that the environment can give."""
    spec = schema_of(read(root / "crds" / "cxonetenants.yaml"))["properties"]["spec"]
    return [
        field
        for field in fields(spec)
        if field.is_leaf and "[]" not in field.path and not field.path.startswith(_NOT_FROM_THE_ENVIRONMENT)
    ]


def settings(root: Path) -> str:
    """The page."""
    described = [paragraph for paragraph in (config.__doc__ or "").split("\n\n") if paragraph.strip()]
    rows = [
        (literal(variable(field.path)), literal(field.path), field.kind, literal(field.default), _meaning(field))
        for field in tenant_fields(root)
    ]
    credentials = [(literal(name), f"The key {literal(key)} of a Secret") for key, name in config.CREDENTIALS.items()]
    return page(
        "Settings from the environment",
        *described,
        section("Credentials", table(["variable", "in place of"], credentials)),
        section("The tenant", table(["variable", "field of the CxoneTenant", "type", "default", "meaning"], rows)),
    )


def _meaning(field: Field) -> str:
    return str(field.schema.get("description", ""))
