"""Somebody who follows a page to the letter, in a shell, and compares what they see with what the page shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from docs.pages import Block, Command

SECONDS = 60.0
"""For one command; a page's own `--timeout` is mostly shorter."""
_AGAIN_SECONDS = 30.0
"""How long a reader looks again until it is as the page shows it."""
_ASKS = re.compile(r"^(kubectl .*\b(get|describe)\b|curl )")
"""What may be typed again until the answer is the one of the page, as it changes nothing."""
_REFUSED = re.compile(r"^(Error|[45]\d\d |no$)")
"""Output of a command that is shown because it fails."""
_SEARCHES = re.compile(r"\| grep [^|]*$")
"""Finds nothing where all is well, and says so by its exit code."""
_VOLATILE = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r'("planHash":"|approve-deprovisioning=)[0-9a-f]{16}'), r"\1HASH"),
    (re.compile(r"(?<= )(\d+[dhms])+$"), "AGE"),
    (re.compile(r"\s+"), " "),
)
"""What differs each time, and what stands for it in the comparison."""
_LOGGED = re.compile(r"[IWE]\d{4} \d\d:\d\d:\d\d")
"""A line that kubectl logs on the way, as when it ends a watch; nobody would show it on a page."""


@dataclass(frozen=True)
class Seen:
    """What a command said, and how it ended."""

    code: int
    said: str


class Reader:
    """Types commands in one folder; processes that go on belong to the `place`."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._given = {**os.environ, **environment}
        self._environment = self._given

    def begin(self) -> None:
        """In a shell of its own: what another page has set is not known here."""
        self._environment = self._given

    def follow(self, command: Command) -> None:
        """Type it, and see what the page shows; a question is asked again for a while."""
        deadline = time.monotonic() + _AGAIN_SECONDS
        while problem := self._problem(command):
            if not command.output or not _ASKS.match(command.text) or time.monotonic() > deadline:
                raise AssertionError(problem)
            time.sleep(0.2)

    def type(self, text: str) -> Seen:
        """Type it, in a shell that stops at the first mistake; the next one knows what this one has set."""
        left = self._folder / ".variables"
        left.unlink(missing_ok=True)
        answer = subprocess.run(
            ["bash", "-aeuo", "pipefail", "-c", f"{text}\nenv -0 > {left}"],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if left.exists():
            pairs = (pair.partition("=") for pair in left.read_text().split("\0") if pair)
            self._environment = {name: value for name, _, value in pairs}
        return Seen(answer.returncode, answer.stdout)

    def _problem(self, command: Command) -> str:
        seen = self.type(command.text)
        refused = bool(command.output) and _REFUSED.match(command.output[0]) is not None
        nothing = seen.code == 1 and not command.output and _SEARCHES.search(command.text.rstrip()) is not None
        if (seen.code != 0) is not refused and not nothing:
            return f"$ {command.text}\n{seen.said}\nended with {seen.code}"
        if command.output and not agrees(command.output, seen.said):
            shown = "\n".join(command.output)
            return f"$ {command.text}\n{seen.said}\nbut the page shows:\n{shown}"
        return ""


def agrees(shown: tuple[str, ...], said: str) -> bool:
    """The same but for what differs each time, and for what the page leaves out as `[...]`: lines, or columns."""
    gaps = any("[...]" in line and line.strip() != "[...]" for line in shown)
    lines = [re.sub(r"  +", "[...]", line) if gaps else line for line in shown if line.strip()]
    pattern = r"\s*".join(map(_pattern, lines))
    seen = "\n".join(_stable(line) for line in said.splitlines() if not _LOGGED.match(line))
    return re.fullmatch(rf"\s*{pattern}\s*", seen, re.DOTALL) is not None


def parts(block: Block) -> Iterator[Command]:
    """The commands of a block; lines that start a process which goes on are commands of their own."""
    for command in block.commands:
        lines = command.text.replace("\\\n", " ").splitlines()
        if any(program(line) for line in lines):
            yield from (Command(line) for line in lines if line.strip())
        else:
            yield command


def program(line: str) -> tuple[str, list[str]] | None:
    """Which process of ours a line starts and leaves running, and with which arguments."""
    match _words(line):
        case ["cxone-simulator", *options]:
            return "simulator", options
        case ["cxone-operator", "run", *options]:
            return "operator", options
        case ["cxone-operator", "bridge", *options] if options[:1] != ["send"]:
            return "bridge", options
        case ["make", "control-plane" | "control-plane-stop" | "install" as target, *_]:
            return target, []  # there is one already, of this test's own
        case ["make", "run", *_]:
            return "operator", []
    return None


def _words(line: str) -> list[str]:
    """Without a comment, and without where the output goes."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return []
    end = next((number for number, word in enumerate(words) if re.match(r"[12]?>", word)), len(words))
    return words[:end]


def _stable(line: str) -> str:
    for volatile, word in _VOLATILE:
        line = volatile.sub(word, line.rstrip())
    return line.strip()


def _pattern(line: str) -> str:
    return ".*?".join(re.escape(_stable(part)) for part in line.split("[...]"))
