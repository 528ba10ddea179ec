"""The image, as far as it can be tried without a builder: its steps are carried out, and both commands start."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import ssl
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from e2e.authority import Authority
from manifests.dockerfile import Instruction, carry_out, python_like, stages
from manifests.rendered import ROOT, pods, render
from support.company_network import served

DOCKERFILE = (ROOT / "Dockerfile").read_text()
BUILD, SYSTEM, FINAL = stages(DOCKERFILE)
PYTHON = python_like(DOCKERFILE)
PROGRAM = Path("opt/cxone-operator")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file system that the first stage leaves, as far as it made it."""
    directory = tmp_path_factory.mktemp("image")
    carry_out(BUILD, ROOT, directory, PYTHON)
    return directory


@pytest.mark.timeout(300)
@pytest.mark.parametrize("command", ["cxone-operator", "cxone-simulator"])
def test_the_command_starts(root: Path, command: str) -> None:
    """From what the second stage copies, with nothing of this environment."""
    answer = subprocess.run(
        [str(root / PROGRAM / "bin" / command), "--help"], env={}, capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.startswith("Usage: ")


def test_it_has_what_it_needs_and_nothing_else(root: Path) -> None:
    """What the bill of materials says, so that every requirement is met; and no tool of developers, not even pip."""
    installed = {_normal(path.name.split("-")[0]) for path in (root / PROGRAM).glob("lib/*/site-packages/*.dist-info")}
    bill = json.loads((ROOT / "docs" / "reference" / "sbom.cdx.json").read_text())
    billed = {_normal(part["name"]) for part in bill["components"] if part["type"] == "library"}
    assert {"kopf", "aiohttp"} <= billed
    assert installed == billed | {"cxone-operator"}
    python = str(root / PROGRAM / "bin/python")
    pip = [str(root / "build/bin/pip"), "--python", python, "check"]
    answer = subprocess.run(pip, capture_output=True, text=True, check=False)
    assert "No broken requirements found." in answer.stdout


def test_nothing_is_compiled_at_a_start(root: Path) -> None:
    """The root cannot be written, and builders give files other times than they had, by which Python would judge."""
    for source in (root / PROGRAM).glob("lib/*/site-packages/**/*.py"):
        os.utime(source, (1, 1))
    python = str(root / PROGRAM / "bin/python")
    command = [python, "-v", "-m", "cxone_operator", "run", "--context", "nowhere"]
    said = subprocess.run(command, env={"KUBECONFIG": "/none"}, capture_output=True, text=True, check=False).stderr
    loaded = re.findall(rf"code object from '?({re.escape(str(root))}\S+?\.pyc?)'?$", said, re.MULTILINE)
    assert len(loaded) > 100
    assert [path for path in loaded if path.endswith(".py")] == []


def test_it_compiles_to_the_same_bytes_again(root: Path) -> None:
    """Else two builds of one commit differ; our own modules stand for all."""
    (package,) = (root / PROGRAM).glob("lib/*/site-packages/cxone_operator")
    compiled = {path: path.read_bytes() for path in package.rglob("*.pyc")}
    assert compiled
    for path in compiled:
        path.unlink()
    step = Instruction("RUN", f"{BUILD[-1].value}/python*/site-packages/{package.name}")
    carry_out([step], ROOT, root, PYTHON)
    assert {path: path.read_bytes() for path in compiled} == compiled


def test_it_trusts_the_api_server_of_an_older_cluster(root: Path, tmp_path: Path) -> None:
    """Whose certificate lacks what Python asks for from 3.13 on."""
    authority = Authority(tmp_path / "authority")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.issue("old", key_identifier="none"))
    with served(_serve_no_crds, tls) as port:
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(json.dumps(_kubeconfig(f"https://localhost:{port}", authority.certificate.read_bytes())))
        command = [str(root / PROGRAM / "bin/cxone-operator"), "run", "--listen", "127.0.0.1:0"]
        environ = {"KUBECONFIG": str(kubeconfig)}
        answer = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=30)
    assert "the CRDs of cxonetenants and cxoneusers are not installed" in answer.stderr


async def _serve_no_crds(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
    writer.close()


def _kubeconfig(server: str, authority: bytes) -> Mapping[str, object]:
    cluster = {"server": server, "certificate-authority-data": base64.b64encode(authority).decode()}
    return {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
        "clusters": [{"name": "here", "cluster": cluster}],
        "users": [{"name": "me", "user": {"token": "t"}}],
    }


def test_what_is_never_imported_is_left_out(root: Path) -> None:
    """And the rest still reads a kubeconfig with all that one may say."""
    (packages,) = (root / PROGRAM).glob("lib/*/site-packages")
    assert not (packages / "kubernetes" / "aio").exists()
    assert not (packages / "phonenumbers" / "geodata").exists()
    script = "import phonenumbers, kubernetes.config.kube_config; phonenumbers.parse('+442071838750')"
    subprocess.run([str(root / PROGRAM / "bin/python"), "-c", script], env={}, check=True)


def test_a_company_s_authority_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret is what pip verifies with: one that holds no certificate lets nothing in."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # a library of pip prefers them, and no builder has them
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    secret = tmp_path / "run/secrets/pip-ca"
    secret.parent.mkdir(parents=True)
    secret.write_text("no certificate")
    with pytest.raises(AssertionError, match="certificate"):
        carry_out(BUILD, ROOT, tmp_path, PYTHON)


@pytest.mark.parametrize("part", ["requirements-runtime.lock", "requirements-build.lock"])
def test_the_parts_are_of_the_lock_file(part: str) -> None:
    """The same versions and the same files as everywhere else; `make lock` makes them."""
    whole = _locked("requirements.lock")
    found = _locked(part)
    assert found
    assert found.items() <= whole.items()


def test_no_developer_s_tool_is_locked_for_run_time() -> None:
    """None of the dependency group that only developers install."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    tools = {_name(requirement) for requirement in project["dependency-groups"]["dev"]}
    assert "pytest" in tools
    assert tools.isdisjoint(_locked("requirements-runtime.lock"))


def test_the_context_has_what_is_copied_and_no_more() -> None:
    """.dockerignore lets nothing else in: no .git, no cache, no tests."""
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    sources = {source for copy in _all("COPY", BUILD) for source in copy.split()[:-1]}
    assert ignored[1] == "*"
    assert {line[1:] for line in ignored if line.startswith("!")} == sources


def test_it_runs_as_the_manifests_ask(kubectl_path: Path) -> None:
    """The same user and ports, and an entry point for the arguments that the manifests give."""
    (user,) = _all("USER", FINAL)
    (ports,) = _all("EXPOSE", FINAL)
    (entry,) = _all("ENTRYPOINT", FINAL)
    assert entry == '["cxone-operator"]'
    for pod in pods(render(kubectl_path, "base")):
        context = pod["spec"]["securityContext"]
        assert user == f"{context['runAsUser']}:{context['runAsGroup']}"
        assert {str(port["containerPort"]) for port in pod["spec"]["containers"][0]["ports"]} <= set(ports.split())


def test_the_image_is_pinned_and_labelled() -> None:
    """By tag to the patch version of Python and the release of Debian; and it says the version that it has."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.search(r"^ARG PYTHON=python:\d+\.\d+\.\d+-slim-\w+$", DOCKERFILE, re.MULTILINE)
    bases = [_all("FROM", stage) for stage in (BUILD, SYSTEM, FINAL)]
    assert bases == [["${PYTHON} AS build"], ["${PYTHON} AS root"], ["scratch"]]
    assert f"VERSION={version}" in _all("ARG", FINAL)
    (labels,) = _all("LABEL", FINAL)
    names = set(re.findall(r"org\.opencontainers\.image\.(\w+)=", labels))
    assert names == {"title", "description", "licenses", "version", "revision"}


def _all(name: str, stage: list[Instruction]) -> list[str]:
    return [instruction.value for instruction in stage if instruction.name == name]


def _locked(file: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Name → version, and hashes; not for which systems: a tool of developers may want a package everywhere."""
    found = {}
    for entry in re.split(r"\n(?=\S)", (ROOT / file).read_text()):
        match = re.match(r"([A-Za-z0-9._-]+)==([^ ;]+)[^\n]*\\\n", entry)
        if match:
            found[_normal(match[1])] = (match[2], frozenset(re.findall(r"--hash=(\S+)", entry)))
    return found


def _name(requirement: str) -> str:
    return _normal(re.split(r"[<>=!~\[; ]", requirement)[0])


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
