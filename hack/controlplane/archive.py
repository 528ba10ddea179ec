"""The envtest archive: the three binaries as the Kubernetes project publishes them for tests.

The index names a SHA-512 for each archive; what does not match it is refused. A network that cannot be reached is no
error here, because the binaries can be built as well: `download()` then returns None.
"""

from __future__ import annotations

import hashlib
import http.client
import io
import re
import tarfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from controlplane.errors import ControlPlaneError
from controlplane.versions import Versions, os_and_architecture

INDEX = "https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml"

_TIMEOUT_SECONDS = 5.0
"""For connecting and for each read, so that a machine without internet loses little time."""
_LARGEST_BYTES = 1 << 30
_ENTRY = re.compile(
    r"envtest-(?P<version>v[\d.]+)-(?P<platform>\S+?)\.tar\.gz:\s+"
    r"hash:\s*(?P<hash>[0-9a-f]{128})\s+selfLink:\s*(?P<url>\S+)"
)


@dataclass(frozen=True, slots=True)
class Archive:
    """One entry of the index."""

    version: str
    url: str
    sha512: str


class ArchiveRefused(ControlPlaneError):
    """An archive that is not what its index says."""


def download(versions: Versions, names: tuple[str, ...], into: Path, index: str = INDEX) -> Archive | None:
    """Put the named binaries into a folder; None where there is no archive for this platform, or no network."""
    try:
        archive = choose(_get(index).decode(), versions)
        if archive is None:
            return None
        content = _get(archive.url)
    except (OSError, http.client.HTTPException):
        return None
    _verify(archive, content)
    _unpack(archive, content, names, into)
    return archive


def choose(index: str, versions: Versions) -> Archive | None:
    """The pinned version or, as not every patch is published, the newest one of the same minor version."""
    wanted = os_and_architecture("-")
    found = [
        Archive(entry["version"], entry["url"], entry["hash"])
        for entry in _ENTRY.finditer(index)
        if entry["platform"] == wanted and entry["version"].startswith(f"{versions.minor}.")
    ]
    exact = [archive for archive in found if archive.version == versions.kubernetes]
    return exact[0] if exact else max(found, key=_patch, default=None)


def _patch(archive: Archive) -> int:
    return int(archive.version.rpartition(".")[2])


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310  (our own constant)
        content: bytes = response.read(_LARGEST_BYTES)
    return content


def _verify(archive: Archive, content: bytes) -> None:
    if hashlib.sha512(content).hexdigest() != archive.sha512:
        raise ArchiveRefused(
            f"The archive {archive.url} does not have the checksum that its index names, so it was not used.",
            "Try again later; if it stays so, something between here and there changes downloads.",
        )


def _unpack(archive: Archive, content: bytes, names: tuple[str, ...], into: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as tar:
        members = {Path(member.name).name: member for member in tar if member.isfile()}
        missing = [name for name in names if name not in members]
        if missing:
            raise ArchiveRefused(
                f"The archive {archive.url} lacks {', '.join(missing)}.", "It is not used; build the binaries instead."
            )
        for name in names:
            source = tar.extractfile(members[name])
            if source is not None:
                _write_executable(into / name, source.read())


def _write_executable(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o755)
