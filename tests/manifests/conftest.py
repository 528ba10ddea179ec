"""What the tests of manifests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlplane.binaries import Binaries


@pytest.fixture(scope="package")
def kubectl_path(control_plane_binaries: Binaries) -> Path:
    """For what needs no API server."""
    return control_plane_binaries.kubectl
