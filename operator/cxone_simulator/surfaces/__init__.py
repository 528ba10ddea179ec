"""The APIs that the tenant can speak, by preset; a route that a preset does not have is 404."""

from __future__ import annotations

from collections.abc import Mapping

from cxone_simulator.surfaces import platform, rfc7644, userhub
from cxone_simulator.surfaces.surface import Surface

SURFACES: Mapping[str, Surface] = {
    "Platform": platform.SURFACE,
    "UserHub": userhub.SURFACE,
    "RFC7644": rfc7644.SURFACE,
}
