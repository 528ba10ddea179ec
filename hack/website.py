"""MkDocs' hooks: the pages are written for GitHub, and this says to MkDocs what GitHub understands by itself.

* A link that leaves `docs/` (to a test, a manifest) leads to the file in the repository; there it must exist.
* Lists may follow a paragraph at once, and what belongs to an item is indented by the width of its marker (CommonMark
  section 5.2), where Python-Markdown wants an empty line and four spaces.
* A Mermaid block is shown as the picture that `python -m pictures diagrams` has drawn of it.
* A pipe in code within a table is escaped (GitHub Flavored Markdown section 4.10), where Python-Markdown needs none.

None of it asks anybody over the network.
"""

from __future__ import annotations

import logging
import os.path
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pictures import diagrams

ROOT = Path(__file__).resolve().parents[1]
_DOCS = ROOT / "docs"
_LINK = re.compile(r"(?<=\]\()(\.\./[^)\s#]*)")
_CODE = re.compile(r"`[^`]*`")
_ITEM = re.compile(r"( *)((?:[*+-]|\d+\.) +)\S")
_FENCE = re.compile(r" *(`{3,}|~{3,})")

log = logging.getLogger("mkdocs.hooks.website")


def on_page_markdown(markdown: str, page: Any, config: Any, **_: object) -> str:  # noqa: ANN401 (MkDocs' own)
    """What MkDocs gets to see of a page."""
    source = _DOCS / page.file.src_uri
    markdown = diagrams.BLOCK.sub(lambda block: _drawn(block.group(1), source), markdown)
    return "\n".join(site_lines(markdown.splitlines(), source, f"{config.repo_url}/")) + "\n"


def site_lines(lines: Iterable[str], source: Path, repository: str) -> Iterator[str]:
    """The same lines for Python-Markdown; `source` is the file that they are of."""
    fence = ""
    items: list[int] = []  # how far the content of each open item is indented, the outermost first
    before, apart = "", True  # the line before, and whether it is of a paragraph that an empty line has set apart
    for line in lines:
        opened = _FENCE.match(line)
        if line.strip() and not fence:
            items = _open_items(items, line)
        text = _indented(items, line)
        if not fence:
            item = _ITEM.match(line)
            if item:
                if before.strip() and apart:
                    yield ""
                items, apart = [*items, item.end() - 1], False
            text = _row(_led_out(text, source, repository))
        if opened:
            mark = opened.group(1)
            fence = "" if fence and mark.startswith(fence) else fence or mark
        yield text
        before, apart = line, apart or not line.strip()


def _drawn(diagram: str, source: Path) -> str:
    picture = diagrams.picture(diagram)
    if not picture.exists():
        log.warning(
            "%s has a diagram without a picture; draw it: python -m pictures diagrams", source.relative_to(ROOT)
        )
    return f"![What is said here, as a diagram]({os.path.relpath(picture, source.parent)})"


def _open_items(items: list[int], line: str) -> list[int]:
    indent = len(line) - len(line.lstrip())
    return [width for width in items if width <= indent]


def _indented(items: list[int], line: str) -> str:
    return line if not items or not line.strip() else " " * (4 * len(items)) + line[items[-1] :]


def _row(line: str) -> str:
    if not line.lstrip().startswith("|"):
        return line
    return _CODE.sub(lambda found: found.group().replace("\\|", "|"), line)


def _led_out(line: str, source: Path, repository: str) -> str:
    return _LINK.sub(lambda found: address(found.group(), source, repository), line)


def address(link: str, source: Path, repository: str) -> str:
    """Where a relative link of that file leads to: itself within `docs/`, else an address in the repository."""
    target = (source.parent / link).resolve()
    if target.is_relative_to(_DOCS) or not target.is_relative_to(ROOT):
        return link
    if not target.exists():
        log.warning("%s links to %s, which does not exist", source.relative_to(ROOT), link)
    kind = "tree" if target.is_dir() else "blob"
    return f"{repository}{kind}/main/{quote(target.relative_to(ROOT).as_posix())}"
