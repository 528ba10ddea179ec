"""The pages as a site: built strictly, and with links that hold on GitHub as well."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import website
from docs.pages import ROOT, pages
from pictures import diagrams

ELSEWHERE = "https://example.com/ours/"
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"^ *```.*?^ *```|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def _built(*options: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("mkdocs")), "build", "--strict", *options]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_the_site_is_built(tmp_path: Path) -> None:
    """Each page is in the navigation, and each link leads somewhere; the network is not asked."""
    answer = _built("--site-dir", str(tmp_path / "site"))
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "site" / "tutorial" / "index.html").exists()
    shown = (tmp_path / "site" / "how-it-decides" / "index.html").read_text()
    assert "pictures/diagram-" in shown
    assert "flowchart TB" not in shown


def test_each_diagram_has_its_picture() -> None:
    """Drawn from what the page says now; none is left over."""
    wanted = {diagrams.picture(source) for source in diagrams.sources((ROOT / "docs").rglob("*.md"))}
    assert wanted == set(diagrams.FOLDER.glob("diagram-*.svg")), "draw them: python -m pictures diagrams"


def test_a_picture_is_as_large_as_it_was_drawn() -> None:
    """A small diagram does not fill the page."""
    drawn = '<svg id="x" width="100%" style="max-width: 552px;" viewBox="0 0 552 1133.6"><rect width="100%"/></svg>'
    assert 'width="552" height="1133.6"' in diagrams.sized(drawn)


@pytest.mark.parametrize(
    "text",
    [
        "[x](nowhere.md)",
        "[x](../tests/nowhere.py)",
        "[x](tutorial.md#nowhere)",
        "```mermaid\nflowchart\n  nowhere\n```",
    ],
)
def test_what_leads_nowhere_fails_it(tmp_path: Path, text: str) -> None:
    """A link to a page, to a file outside of the pages, and to a heading; a diagram that nobody has drawn."""
    for name in ("hack", "tests", "README.md"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "tutorial.md").write_text(f"# Title\n\n{text}\n")
    settings = (ROOT / "mkdocs.yml").read_text().partition("\nnav:")[0]
    (tmp_path / "mkdocs.yml").write_text(f"{settings}\nnav: [tutorial.md]\n")
    answer = _built(cwd=tmp_path)
    assert answer.returncode == 1
    assert "nowhere" in answer.stderr or "has a diagram without a picture" in answer.stderr


@pytest.mark.parametrize("page", pages())
def test_links_hold_on_github(page: str) -> None:
    """To a file of the repository, and to a heading that it has."""
    for link in _LINK.findall(_CODE.sub("", (ROOT / page).read_text())):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        assert target.exists(), link
        if anchor:
            assert anchor in _anchors(target.read_text()), link


def _anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _lines(*lines: str) -> list[str]:
    return list(website.site_lines(lines, ROOT / "docs" / "how-to" / "install.md", ELSEWHERE))


def test_a_list_follows_a_paragraph() -> None:
    """With an empty line between them, and four spaces for what belongs to an item."""
    assert _lines("text:", "* a", "  goes on", "  * b", "* c") == ["text:", "", "* a", "    goes on", "    * b", "* c"]


def test_an_item_follows_a_paragraph_of_the_one_before() -> None:
    """Which would go on otherwise."""
    assert _lines("* a", "", "  more", "* b", "* c") == ["* a", "", "    more", "", "* b", "* c"]


def test_a_block_in_a_list() -> None:
    """It is indented as far as Python-Markdown wants it, and nothing in it is changed otherwise."""
    block = _lines("* a", "", "  ```console", "  $ ls | grep `x`", "    - b", "  ```", "", "text")
    assert block == ["* a", "", "    ```console", "    $ ls | grep `x`", "      - b", "    ```", "", "text"]


def test_pipes_in_tables() -> None:
    """Escaped for GitHub, which is not seen on the site."""
    assert _lines(r"| `a \| b` | c \| d |") == [r"| `a | b` | c \| d |"]


def test_links_that_leave_the_pages() -> None:
    """They lead to the repository; those between pages are left as they are."""
    assert _lines("[a](../../crds) [b](../identity.md#c) [d](../../README.md#e)") == [
        f"[a]({ELSEWHERE}tree/main/crds) [b](../identity.md#c) [d]({ELSEWHERE}blob/main/README.md#e)"
    ]
