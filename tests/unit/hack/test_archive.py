"""The envtest archive: a good one is unpacked, anything else is not."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import tarfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from controlplane import archive
from controlplane.binaries import NEEDED
from controlplane.versions import Versions, os_and_architecture

VERSIONS = Versions(kubernetes="v1.36.3", etcd="v3.6.8", go="1.26.0", sums="0" * 64)
PLATFORM = os_and_architecture("-")


def packed(names: tuple[str, ...] = NEEDED) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in names:
            member = tarfile.TarInfo(f"controller-tools/envtest/{name}")
            member.size = len(name)
            tar.addfile(member, io.BytesIO(name.encode()))
    return buffer.getvalue()


def entry(version: str, sha512: str, url: str = "http://localhost/", platform: str = PLATFORM) -> str:
    return f"    envtest-{version}-{platform}.tar.gz:\n      hash: {sha512}\n      selfLink: {url}\n"


Site = Callable[[dict[str, bytes]], str]


@pytest.fixture
def site() -> Iterator[Site]:
    """Serves some files on this machine; gives the address."""
    files: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path in files else 404)
            self.end_headers()
            self.wfile.write(files.get(self.path, b""))

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()

    def serve(more: dict[str, bytes]) -> str:
        files.update(more)
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    server.shutdown()
    thread.join()
    server.server_close()


def offer(site: Site, content: bytes, sha512: str | None = None) -> str:
    """An index with one archive; gives its address."""
    url = site({"/archive": content})
    found = entry("v1.36.3", sha512 or hashlib.sha512(content).hexdigest(), f"{url}/archive")
    site({"/index": f"releases:\n  v1.36.3:\n{found}".encode()})
    return f"{url}/index"


def test_a_good_archive_gives_executables(site: Site, tmp_path: Path) -> None:
    found = archive.download(VERSIONS, NEEDED, tmp_path, offer(site, packed()))
    assert found is not None
    assert found.version == "v1.36.3"
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {name: name for name in NEEDED}
    assert all(os.access(path, os.X_OK) for path in tmp_path.iterdir())


def test_a_wrong_checksum_is_refused(site: Site, tmp_path: Path) -> None:
    index = offer(site, packed(), sha512="0" * 128)
    with pytest.raises(archive.ArchiveRefused, match="does not have the checksum"):
        archive.download(VERSIONS, NEEDED, tmp_path, index)
    assert list(tmp_path.iterdir()) == []


def test_an_incomplete_archive_is_refused(site: Site, tmp_path: Path) -> None:
    with pytest.raises(archive.ArchiveRefused, match="lacks kubectl"):
        archive.download(VERSIONS, NEEDED, tmp_path, offer(site, packed(("etcd", "kube-apiserver"))))
    assert list(tmp_path.iterdir()) == []


def test_no_network_is_no_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    assert archive.download(VERSIONS, NEEDED, tmp_path, f"http://127.0.0.1:{port}/index") is None


def test_a_missing_page_is_no_error(site: Site, tmp_path: Path) -> None:
    assert archive.download(VERSIONS, NEEDED, tmp_path, f"{site({})}/index") is None


@pytest.mark.parametrize(
    ("published", "chosen"),
    [
        (["v1.36.2", "v1.36.3", "v1.36.10"], "v1.36.3"),
        (["v1.36.0", "v1.36.10", "v1.36.9"], "v1.36.10"),
        (["v1.35.4", "v1.37.0", "v1.3.6"], None),
        ([], None),
    ],
)
def test_the_pinned_version_or_the_newest_patch_is_chosen(published: list[str], chosen: str | None) -> None:
    index = "".join(entry(version, "a" * 128) for version in published)
    found = archive.choose(index, VERSIONS)
    assert (found.version if found else None) == chosen


def test_archives_of_other_platforms_are_not_chosen() -> None:
    assert archive.choose(entry("v1.36.3", "a" * 128, platform="plan9-arm"), VERSIONS) is None
