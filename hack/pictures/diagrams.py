"""The diagrams: GitHub draws the Mermaid blocks of a page by itself; the site shows a picture of each, drawn before.

Otherwise each reader's browser would have to ask a third party for the program that draws. A picture is called by what
it shows, so one that is out of date is one that is missing. Drawing needs Node.js (`npx`) and Chromium.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "pictures"
BLOCK = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_WIDTH = re.compile(r'width="100%"([^>]*? viewBox="\S+ \S+ (\S+) (\S+)")')
_TOOL = "@mermaid-js/mermaid-cli@12.2.0"
_STYLE = {"theme": "neutral", "htmlLabels": False, "flowchart": {"htmlLabels": False}}
"""Without HTML in them, every viewer of SVG shows them."""
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def picture(source: str) -> Path:
    """Where the picture of that Mermaid text is."""
    return FOLDER / f"diagram-{hashlib.sha256(source.encode()).hexdigest()[:12]}.svg"


def sources(pages: Iterable[Path]) -> list[str]:
    """The Mermaid text of each block."""
    return [source for page in pages for source in BLOCK.findall(page.read_text(encoding="utf-8"))]


def draw() -> int:
    """Those that are missing; those that show what no page has any more go."""
    wanted = {picture(source): source for source in sources((ROOT / "docs").rglob("*.md"))}
    for path in FOLDER.glob("diagram-*.svg"):
        if path not in wanted:
            path.unlink()
    missing = {path: source for path, source in wanted.items() if not path.exists()}
    return next((code for path, source in missing.items() if (code := _drawn(source, path))), 0)


def _drawn(source: str, path: Path) -> int:
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None or shutil.which("npx") is None:
        print("Diagrams are drawn with npx and Chromium; install Node.js and Chromium.", file=sys.stderr)
        return 1
    with TemporaryDirectory() as folder:
        text, style, how = (Path(folder, name) for name in ("diagram.mmd", "style.json", "browser.json"))
        text.write_text(source, encoding="utf-8")
        style.write_text(json.dumps(_STYLE))
        how.write_text(json.dumps({"executablePath": browser, "args": ["--no-sandbox"]}))
        files = (
            "--input",
            str(text),
            "--output",
            str(path),
            "--configFile",
            str(style),
            "--puppeteerConfigFile",
            str(how),
        )
        command = ["npx", "--yes", _TOOL, "--quiet", "--backgroundColor", "white", *files]
        code = subprocess.run(command, env={**os.environ, "PUPPETEER_SKIP_DOWNLOAD": "1"}, check=False).returncode
    if code == 0:
        path.write_text(sized(path.read_text(encoding="utf-8")), encoding="utf-8")
    return code


def sized(svg: str) -> str:
    """As large as it was drawn, and not as wide as the page."""
    return _WIDTH.sub(lambda found: f'width="{found.group(2)}" height="{found.group(3)}"{found.group(1)}', svg, count=1)
