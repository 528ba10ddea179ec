"""The pages that people read, and the blocks of code that are in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
SHELL = frozenset({"sh", "bash", "console"})
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\S*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"<!-- (?P<word>needs|file): (?P<what>[^>]+) -->\s*\Z")


@dataclass(frozen=True)
class Command:
    """What somebody types, and what the page says that they see then."""

    text: str
    """May be several lines."""
    output: tuple[str, ...] = ()
    """Empty where the page does not say it. `[...]` stands for anything."""


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    page: str
    """Its path in the repository."""
    line: int
    language: str
    text: str
    needs: str
    """What the page says that it needs and a test does not have; empty where it is run."""
    file: str
    """Where the page has the reader put it; empty where it is only shown."""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> Iterator[Command]:
        """One for each prompt of a `console`; any other block is one command, however many lines it has."""
        if self.language != "console":
            yield Command(self.text)
            return
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            lines = part.splitlines()
            end = next((number for number, line in enumerate(lines) if not _goes_on(line)), len(lines))
            yield Command("\n".join(lines[: end + 1]), tuple(lines[end + 1 :]))


def pages() -> list[str]:
    """Every page whose commands people follow."""
    found = [*ROOT.glob("docs/**/*.md"), *ROOT.glob("charts/*/README.md"), *ROOT.glob("*.md")]
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def blocks(page: str) -> list[Block]:
    """Its blocks, in order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [_block(page, text, found) for found in _FENCE.finditer(text)]


def _block(page: str, text: str, found: re.Match[str]) -> Block:
    before = text[: found.start()]
    mark = _MARK.search(before)
    said = {mark["word"]: mark["what"]} if mark else {}
    line = before.count("\n") + 1
    return Block(page, line, found["language"], dedent(found["text"]), said.get("needs", ""), said.get("file", ""))


def _goes_on(line: str) -> bool:
    return line.endswith("\\")
