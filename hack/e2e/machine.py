"""What this machine has to have: Linux, root, and some packages of Debian. Nothing is installed here, only said."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from controlplane.errors import ControlPlaneError

CNI = Path("/usr/lib/cni")
"""Where Debian has the plugins that connect pods."""
NEEDED = {
    "buildah": "buildah",
    "runc": "runc",
    str(CNI / "bridge"): "containernetworking-plugins",
    "mmdebstrap": "mmdebstrap",
    "iptables": "iptables",
    "nft": "nftables",
    "ipset": "ipset",
    "busybox": "busybox-static",
    "tinyproxy": "tinyproxy-bin",
    "openssl": "openssl",
    "ip": "iproute2",
    "unshare": "util-linux",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
}
"""A program, or a file → the package that brings it."""


def packages(also: Mapping[str, str]) -> list[str]:
    """What is needed of Debian."""
    return sorted({*NEEDED.values(), *also.values()})


def require(also: Mapping[str, str]) -> None:
    """Raises ControlPlaneError where the cluster cannot be; the remedy is a command. `also` is like `NEEDED`."""
    if sys.platform != "linux":
        raise ControlPlaneError(
            "A node needs Linux: its pods live in namespaces of the kernel.", "Run it in a virtual machine."
        )
    if os.geteuid() != 0:
        raise ControlPlaneError(
            "A node needs root: it mounts, and makes networks.", "Run it as root: sudo --preserve-env=HOME make e2e"
        )
    missing = sorted({package for what, package in {**NEEDED, **also}.items() if not _there(what)})
    if missing:
        raise ControlPlaneError(
            f"This machine lacks {', '.join(missing)}.", f"apt-get install --no-install-recommends {' '.join(missing)}"
        )


def _there(what: str) -> bool:
    return Path(what).exists() if what.startswith("/") else shutil.which(what) is not None
