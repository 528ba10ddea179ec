"""SCIM servers as processes, most of them not written by this project, and what they say of their users themselves."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controlplane.processes import Process, spawn
from demo.stage import CLIENT_ID, ROOT, start_simulator
from support.ports import lasting_port
from support.waiting import eventually

Json = dict[str, Any]
_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
_USER = "urn:ietf:params:scim:schemas:core:2.0:User"


@dataclass(frozen=True, slots=True)
class Account:
    """One of its users."""

    id: str
    active: bool
    display_name: str | None
    groups: frozenset[str]


class Stranger:
    """One SCIM server, read and changed by hand as an administrator would."""

    def __init__(self, process: Process, url: str, authorization: str, spec: Json, secret: dict[str, str]) -> None:
        self._process = process
        self._url = url
        """Of the root of SCIM."""
        self._authorization = authorization
        self.spec = spec
        """What a CxoneTenant says to reach it."""
        self.secret = secret
        """What its Secret holds."""
        self._on_groups = spec["api"]["preset"] == "RFC7644"
        eventually(self._answers, 30)

    def stop(self) -> None:
        """At once."""
        self._process.stop(0.0)

    def request(self, method: str, path: str, body: Json | None = None) -> Json:
        """Its answer; an error raises HTTPError."""
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": self._authorization, "Content-Type": "application/scim+json"}
        request = urllib.request.Request(f"{self._url}{path}", data=data, method=method, headers=headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            text = answer.read()
        return json.loads(text) if text else {}

    def make_group(self, name: str) -> None:
        """A group without members."""
        self.request("POST", "/Groups", {"schemas": [_GROUP], "displayName": name})

    def make_user(self, user_name: str) -> None:
        """Somebody whom an administrator has made."""
        body = {"userName": user_name, "name": {"givenName": "Old", "familyName": "Hand"}, "active": True}
        self.request("POST", "/Users", {"schemas": [_USER], "emails": [{"value": user_name}], **body})

    def change(self, user_name: str, **attributes: Any) -> None:
        """Somebody changes an account by hand."""
        whole = self._resources("/Users")[user_name]
        self.request("PUT", f"/Users/{whole['id']}", {**whole, **attributes})

    def people(self) -> dict[str, Account]:
        """Everybody by userName."""
        groups = self._all("/Groups") if self._on_groups else []
        return {
            name: Account(
                user["id"], user.get("active", True), user.get("displayName"), frozenset(_groups_of(user, groups))
            )
            for name, user in self._resources("/Users").items()
        }

    def _resources(self, path: str) -> dict[str, Json]:
        return {item["userName"]: item for item in self._all(path)}

    def _all(self, path: str) -> list[Json]:
        found: dict[str, Json] = {}
        place = ""
        while True:
            page = self.request("GET", f"{path}?count=200{place}")
            new = {item["id"]: item for item in page.get("Resources") or ()}
            if not new.keys() - found.keys():
                return list(found.values())
            found |= new
            cursor = page.get("nextCursor")
            place = f"&cursor={cursor}" if cursor else f"&startIndex={len(found) + 1}"

    def _answers(self) -> bool:
        try:
            self.request("GET", "/ServiceProviderConfig")
        except OSError:
            return False
        return True


def _groups_of(user: Json, groups: list[Json]) -> list[str]:
    """As the groups say, or, where there are none to be asked, the user."""
    if not groups:
        return [group["value"] for group in user.get("groups") or ()]
    members = ((group["displayName"], group.get("members") or ()) for group in groups)
    return [name for name, found in members if any(member["value"] == user["id"] for member in found)]


def scimmy(directory: Path) -> Stranger:
    """`scimmy-routers` of npm on Express: POST and PATCH of many kinds, bulk of 50 whose results name only creates."""
    port, token = lasting_port(), secrets.token_urlsafe(16)
    command = [shutil.which("node") or "node", str(_installed("scimmy") / "server.mjs"), str(port), token]
    process = spawn("scimmy", command, directory / "scimmy.log", die_with_parent=True)
    return _at(process, f"http://127.0.0.1:{port}", "/scim", token)


def scim2_server(directory: Path) -> Stranger:
    """`scim2-server` of the Python Package Index: everything of RFC 7644, with ETags and synchronous bulk."""
    port, token = lasting_port(), secrets.token_urlsafe(16)
    executable = Path(sys.executable).with_name("scim2-server")
    command = [str(executable), "--port", str(port), "--bearer-token", token]
    process = spawn("scim2-server", command, directory / "scim2-server.log", die_with_parent=True)
    return _at(process, f"http://127.0.0.1:{port}", "/v2", token)


def simulated(directory: Path, *options: str, **api: Any) -> Stranger:
    """Our own simulator as a server of the standard; `api` are settings of the tenant."""
    secret, token = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
    mine = (
        "--preset",
        "RFC7644",
        "--static-token",
        token,
        "--groups",
        "",
        "--requests-per-minute",
        "0",
        "--seats",
        "100000",
    )
    process, simulator = start_simulator(directory, secret, *mine, *options)
    spec = {"baseURL": simulator.url, "api": {"preset": "RFC7644", **api}}
    return Stranger(
        process, f"{simulator.url}/scim/v2", f"Bearer {token}", spec, {"clientId": CLIENT_ID, "clientSecret": secret}
    )


def platform(directory: Path) -> Stranger:
    """Our own simulator of the platform's API, with the groups that the stories speak of."""
    secret = secrets.token_urlsafe(16)
    mine = ("--requests-per-minute", "0", "--job-seconds", "0.3", "--seats", "100000", "--allow-delete")
    process, simulator = start_simulator(directory, secret, *mine)
    form = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": "SCIM.ReadWrite"}).encode()
    basic = base64.b64encode(f"{CLIENT_ID}:{secret}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}"}
    asked = urllib.request.Request(f"{simulator.url}/oauth/token", data=form, headers=headers)  # noqa: S310
    with urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310
        token = json.load(answer)["access_token"]
    spec = {"baseURL": simulator.url, "api": {"preset": "Platform"}}
    known = {"clientId": CLIENT_ID, "clientSecret": secret}
    return Stranger(process, f"{simulator.url}/scim/v2", f"Bearer {token}", spec, known)


def _at(process: Process, url: str, root: str, token: str) -> Stranger:
    paths = {"users": "Users", "groups": "Groups", "bulk": "Bulk", "config": "ServiceProviderConfig"}
    api = {f"{setting}Path": f"{root}/{name}" for setting, name in paths.items()}
    spec = {"baseURL": url, "api": {"preset": "RFC7644", "auth": {"grant": "Token"}, **api}}
    return Stranger(process, url + root, f"Bearer {token}", spec, {"token": token})


def _installed(name: str) -> Path:
    """The folder of a server with what its lock file says, made once for each content of it."""
    source = ROOT / "tests" / "fixtures" / "strangers" / name
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(source.iterdir()))).hexdigest()[:12]
    made = ROOT / ".cache" / "strangers" / f"{name}-{digest}"
    if made.exists():
        return made
    made.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=made.parent) as folder:
        copy = Path(folder) / name
        shutil.copytree(source, copy)
        subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=copy, check=True, timeout=180)
        with contextlib.suppress(OSError):  # somebody else was faster
            copy.rename(made)
    return made
