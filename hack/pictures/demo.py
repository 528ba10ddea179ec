"""The picture of the demonstration: it is played, and what its terminal shows is drawn. It takes a minute, and its
seconds differ from run to run.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "pictures" / "demo.svg"
_COLUMNS = 100
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""Would be fetched from somebody else's server."""


def drawn(output: str) -> str:
    """A terminal with this text, as SVG; the font is the one that the reader has."""
    console = Console(record=True, width=_COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(output.strip("\n"), markup=False, soft_wrap=True)
    svg = _FONTS.sub("", console.export_svg(title="make demo ARGS=--exit", unique_id="demo"))
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def draw() -> int:
    """Play it and draw."""
    played = subprocess.run(
        [sys.executable, "-m", "demo", "--exit"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "hack"), "COLUMNS": str(_COLUMNS)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if played.returncode == 0:
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_text(drawn(played.stdout), encoding="utf-8")
    return played.returncode
