"""The image, as far as it can be tried without a builder: its steps are carried out, and both commands start."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from manifests.dockerfile import Instruction, carry_out, stages
from manifests.rendered import ROOT, pods, render

BUILD, FINAL = stages((ROOT / "Dockerfile").read_text())
PROGRAM = Path("opt/cxone-operator")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file system that the first stage leaves, as far as it made it."""
    directory = tmp_path_factory.mktemp("image")
    carry_out(BUILD, ROOT, directory)
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
    """Every requirement is met, and no tool of developers is there; not even pip."""
    installed = {_normal(path.name.split("-")[0]) for path in (root / PROGRAM).glob("lib/*/site-packages/*.dist-info")}
    locked = set(_locked("requirements-runtime.lock"))
    assert {"cxone-operator", "kopf", "aiohttp"} <= installed
    assert installed <= locked | {"cxone-operator"}
    python = str(root / PROGRAM / "bin/python")
    pip = [str(root / "build/bin/pip"), "--python", python, "check"]
    answer = subprocess.run(pip, capture_output=True, text=True, check=False)
    assert "No broken requirements found." in answer.stdout


def test_it_is_compiled(root: Path) -> None:
    """The root cannot be written, so what is not compiled now is compiled anew at every start."""
    for package in ("cxone_operator", "cxone_simulator", "kopf"):
        (folder,) = (root / PROGRAM).glob(f"lib/*/site-packages/{package}")
        sources = {path.stem for path in folder.glob("*.py")}
        assert sources
        assert sources == {path.name.split(".")[0] for path in folder.glob("__pycache__/*.pyc")}


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
    text = (ROOT / "Dockerfile").read_text()
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.search(r"^ARG PYTHON=python:\d+\.\d+\.\d+-slim-\w+$", text, re.MULTILINE)
    assert _all("FROM", BUILD) + _all("FROM", FINAL) == ["${PYTHON} AS build", "${PYTHON}"]
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
