"""A certificate authority of one's own, as a company has it, and an old cluster."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

_DAYS = "2"


class Authority:
    """What it signs with is in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        self.certificate = folder / "ca.pem"
        self._key = folder / "ca.key"
        options = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
        self._request("ca", "-x509", "-days", _DAYS, *options, "-out", str(self.certificate))

    def issue(
        self, name: str, subjects: Iterable[str] = ("DNS:localhost",), key_identifier: str = "keyid"
    ) -> tuple[Path, Path]:
        """A certificate and its key; with the identifier `none` it does not say by which key it was signed."""
        certificate, wanted = self._folder / f"{name}.pem", self._folder / f"{name}.csr"
        extensions = self._folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={','.join(subjects)}\nauthorityKeyIdentifier={key_identifier}\n")
        key = self._request(name, "-new", "-out", str(wanted))
        signed = ("-CA", str(self.certificate), "-CAkey", str(self._key), "-CAcreateserial", "-days", _DAYS)
        self._openssl(
            "x509", "-req", "-in", str(wanted), *signed, "-extfile", str(extensions), "-out", str(certificate)
        )
        return certificate, key

    def _request(self, name: str, *options: str) -> Path:
        key = self._folder / f"{name}.key"
        kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(key))
        self._openssl("req", *kind, "-subj", f"/CN={name}", *options)
        return key

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True)
