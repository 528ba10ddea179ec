"""Secrets: one to a file, and an error that names the file and never what is in it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from cxone_operator.bridge.secrets import SecretError, read_secrets
from unit.bridge.builders import OTHER, SECRET, whsec


def test_several_files(tmp_path: Path) -> None:
    """In their order; a line break at the end is what editors leave."""
    files = [tmp_path / "old", tmp_path / "new"]
    for file, key in zip(files, (SECRET, OTHER), strict=True):
        file.write_text(whsec(key) + "\n")
    assert read_secrets(files) == (SECRET, OTHER)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"canary",
        b"whsec_",
        b"whsec_canary!",
        b"\xff\xfe",
        b"whsec_" + base64.b64encode(b"canary"),
        b"whsec_" + base64.b64encode(bytes(65)),
        base64.b64encode(SECRET),
    ],
)
def test_what_is_no_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    """With a command that makes one."""
    file = tmp_path / "secret"
    file.write_bytes(content)
    with pytest.raises(SecretError, match="openssl rand -base64 32") as caught:
        read_secrets([file])
    assert str(file) in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """As one that cannot be read."""
    with pytest.raises(SecretError, match="nothing-here cannot be read"):
        read_secrets([tmp_path / "nothing-here"])
