"""Every command block of every page is run here, or says above it what it needs that is not here."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator

import pytest
import yaml

from controlplane.plane import ControlPlane
from docs.pages import ROOT, SHELL, Block, blocks, pages
from docs.place import COMPANY, Place

BEGINNINGS = {
    "README.md": "nothing",
    "docs/tutorial.md": "nothing",
    "docs/how-to/user-hub.md": "nothing",
    "docs/how-to/rfc-server.md": "nothing",
    "docs/how-to/install.md": "an operator",
    "docs/how-to/git-and-hr.md": "an operator",
}
"""Pages that do not begin with a company at work, which has a tenant `default` and a user `jane-smith`."""
NEEDS = {
    "a test of its own": "other people: test_import, test_how_to, test_plan, test_plan_in_ci and check have them",
    "Argo CD": "its API server and its command",
    "pods": "nodes that run pods, and controllers that make them",
    "a cluster of its own": "it installs, or takes away, what belongs to the whole cluster",
    "minutes": "it is what somebody waits for",
    "docker": "a builder of images, and a registry",
    "your people": "files of yours",
    "another beginning": "what it begins with is what a step before it has changed",
    "an HR system": "one with a signature of its own; tests/integration/bridge/test_signing_proxy.py has one",
    "jq": "a program that not everybody has",
}
"""What a block may need that is not here → what that is."""
NOT_TYPED = {"", "json", "mermaid", "promql", "text", "yaml"}
"""Languages of blocks that nobody types."""
_OURS = ("CxoneUser", "CxoneTenant")


@pytest.fixture(scope="module")
def place(own_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One for all pages."""
    place = Place(own_plane, tmp_path_factory.mktemp("docs"))
    yield place
    place.clear()


def _typed(page: str) -> list[Block]:
    return [block for block in blocks(page) if block.language in SHELL]


def _run(page: str) -> list[Block]:
    return [block for block in blocks(page) if block.file or (block.language in SHELL and not block.needs)]


FOLLOWED = [page for page in pages() if _run(page)]


@pytest.mark.parametrize("page", sorted(BEGINNINGS))
def test_a_page_from_nothing(place: Place, page: str) -> None:
    """It is followed from its first block to its last."""
    with place.opened(BEGINNINGS[page]):
        _follow(page, place.run)


@pytest.mark.parametrize("page", sorted(set(FOLLOWED) - set(BEGINNINGS)))
def test_a_page_in_a_company(place: Place, page: str) -> None:
    """Likewise, but what another page has as well is run once."""
    with place.opened(COMPANY):
        _follow(page, place.once)


def _follow(page: str, run: Callable[[Block], None]) -> None:
    for block in _run(page):
        try:
            run(block)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            pytest.fail(f"{block}: {error}", pytrace=False)


@pytest.mark.parametrize("page", [page for page in pages() if _typed(page)])
def test_what_is_not_run_says_why(page: str) -> None:
    """In words that are known, and what it says is at least a shell's language."""
    for block in _typed(page):
        if block.needs:
            assert block.needs in NEEDS, block
            for command in block.commands:
                read = subprocess.run(["bash", "-n", "-c", command.text], capture_output=True, text=True, check=False)
                assert read.returncode == 0, f"{block}: {read.stderr}"


def test_no_block_slips_through() -> None:
    """Commands are in blocks of the known languages, and what a block may need is needed by one."""
    found = [block for page in pages() for block in blocks(page)]
    assert {block.language for block in found} - SHELL <= NOT_TYPED
    assert [str(block) for block in found if block.language not in SHELL and "\n$ " in f"\n{block.text}"] == []
    assert {block.needs for block in found if block.needs} == set(NEEDS)


def test_every_target_is_there() -> None:
    """`make something`, wherever a block says it."""
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = [(str(block), name) for page in pages() for block in _typed(page) for name in _made(block)]
    assert len(named) > 10
    assert [(block, name) for block, name in named if name not in targets] == []


def _made(block: Block) -> list[str]:
    return re.findall(r"^(?:\$ )?make ([a-z0-9-]+)", block.text, re.MULTILINE)


@pytest.mark.parametrize("page", [page for page in pages() if any(block.language == "yaml" for block in blocks(page))])
def test_examples_are_accepted(own_plane: ControlPlane, page: str) -> None:
    """Every example in YAML can be read, and the API server would take those that are resources of ours."""
    found = [body for block in blocks(page) if block.language == "yaml" for body in yaml.safe_load_all(block.text)]
    for body in found:
        if isinstance(body, dict) and body.get("kind") in _OURS:
            body["metadata"].pop("namespace", None)
            own_plane.kubectl("apply", "--dry-run=server", "-n", "default", "-f", "-", input=yaml.safe_dump(body))


def test_a_block_is_read() -> None:
    """The parser sees what people see: fences in lists, prompts, continued lines, output."""
    (block,) = [block for block in blocks("docs/when-things-go-wrong.md") if "HASH=" in block.text]
    assert [command.text.split(" ")[0] for command in block.commands] == ["HASH=$(kubectl", "kubectl"]
