"""The images, built by buildah: ours from the unmodified Dockerfile, and the few that a cluster has besides.

The Dockerfile begins with the official image of Python, which no package registry has. Under its name stands one with
the same release of Debian. Where packages come from a mirror, the settings of pip are handed over as the Dockerfile
says.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from controlplane import cache, progress
from e2e.programs import Programs
from e2e.world import FOLDER, ROOT, confined

NAME = "registry.example.com/cxone-operator"
"""What the pages call the image."""
VERSIONS = ("0.1.0", "0.1.1")
"""The one that is installed, and the one after it."""
PAUSE, COREDNS, PROXY = "localhost/pause:1", "localhost/coredns:1", "localhost/tinyproxy:1"

_RECIPES = Path(__file__).parent / "images"
_DOCKERFILE = ROOT / "Dockerfile"
_REMEDY = "What it needs comes over the network; check that, then try again."


@dataclass(frozen=True, slots=True)
class Image:
    """An image in a file that containerd reads."""

    name: str
    archive: Path

    @property
    def layers(self) -> list[str]:
        """The digests of what is in it, whatever its labels say."""
        found = subprocess.run(["tar", "-xOf", self.archive, "manifest.json"], capture_output=True, check=True)
        (manifest,) = json.loads(found.stdout)
        return list(manifest["Layers"])


def build(programs: Programs) -> list[Image]:
    """All of them."""
    _buildah("looking for the base image", "rmi", "--prune")
    if not _exists(_base_name()):
        _build_base()
    ours = [_build_ours(version) for version in VERSIONS]
    others = {
        PAUSE: _installed("busybox"),
        COREDNS: programs.coredns,
        PROXY: _installed("tinyproxy"),
    }
    return [*ours, *(_build_small(name, program) for name, program in others.items())]


def _build_base() -> None:
    release = _base_name().rpartition("-")[2]
    context = _context("python")
    debian = ["mmdebstrap", "--variant=minbase", "--include=python3,python3-venv", release, str(context / "debian.tar")]
    environment = {**os.environ, "TMPDIR": str(context)}
    progress.run(f"installing Debian {release}", confined(debian), _REMEDY, env=environment)
    _bud(f"docker.io/library/{_base_name()}", context)


def _build_ours(version: str) -> Image:
    name = f"{NAME}:{version}"
    timestamp = _argument("SOURCE_DATE_EPOCH")
    _bud(name, ROOT, "--build-arg", f"VERSION={version}", "--timestamp", timestamp, *_pip_settings())
    return _exported(name)


def _build_small(name: str, program: Path) -> Image:
    """One program with the libraries that it is linked to, and nothing else."""
    context = _context(re.sub(r".*/|:.*", "", name))
    shutil.copy2(program, context)
    for library in _libraries(program):
        place = context / library.relative_to("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(library, place)
    _bud(name, context)
    return _exported(name)


def _libraries(program: Path) -> list[Path]:
    """None where it is static."""
    found = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    return [Path(path) for path in re.findall(r"(/\S+) \(0x", found)]


def _installed(program: str) -> Path:
    return Path(shutil.which(program) or program)


def _context(recipe: str) -> Path:
    folder = FOLDER / "build" / recipe
    shutil.copytree(_RECIPES / recipe, folder)
    return folder


def _bud(name: str, context: Path, *options: str) -> None:
    common = ("--isolation=chroot", "--pull-never", "--format=docker", "--no-cache", "--tag", name)
    _buildah(f"building the image {name}", "bud", *common, *options, str(context))


def _exported(name: str) -> Image:
    archive = FOLDER / "images" / f"{name.rpartition('/')[2].replace(':', '-')}.tar"
    archive.parent.mkdir(exist_ok=True)
    _buildah(f"storing the image {name}", "push", "--quiet", name, f"docker-archive:{archive}:{name}")
    return Image(name, archive)


def _pip_settings() -> Sequence[str]:
    """Where this machine's pip is told a mirror, and a private authority, so is that of the build."""
    candidates = (os.environ.get("PIP_CONFIG_FILE", ""), Path.home() / ".config" / "pip" / "pip.conf", "/etc/pip.conf")
    found = next((Path(path) for path in candidates if path and Path(path).is_file()), None)
    if found is None:
        return ()
    authority = re.search(r"^cert\s*=\s*(\S+)", found.read_text(), re.MULTILINE)
    trusted = ("--secret", f"id=pip-ca,src={authority[1]}") if authority else ()
    return ("--secret", f"id=pip,src={found}", *trusted)


def _base_name() -> str:
    return _argument("PYTHON")


def _argument(name: str) -> str:
    """What the Dockerfile has by default."""
    found = re.search(rf"^ARG {name}=(\S+)$", _DOCKERFILE.read_text(), re.MULTILINE)
    if found is None:
        raise ValueError(f"the Dockerfile has no {name}")
    return found[1]


def _exists(name: str) -> bool:
    answer = subprocess.run(_command("inspect", "--type=image", name), capture_output=True, check=False)
    return answer.returncode == 0


def _buildah(what: str, *arguments: str) -> None:
    progress.run(what, _command(*arguments), _REMEDY)


def _command(*arguments: str) -> list[str]:
    storage = _storage()
    places = ("--root", str(storage), "--runroot", str(FOLDER / "buildah"), "--storage-driver", "overlay")
    return confined([shutil.which("buildah") or "buildah", *places, *arguments])


def _storage() -> Path:
    """Kept between runs for the base image; another recipe has another one."""
    recipe = hashlib.sha256((_RECIPES / "python" / "Containerfile").read_bytes()).hexdigest()
    return cache.root("e2e") / f"images-{recipe[:12]}"
