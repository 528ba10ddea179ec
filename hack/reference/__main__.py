"""`python -m reference`: write the pages; with --check only say which are not what the code says."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from reference.pages import PAGES, index

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "reference"


def pages() -> dict[str, str]:
    """File name → content of every page, the index first."""
    written = {name: page(ROOT) for name, page in PAGES.items()}
    return {"README.md": index(written), **written}


def stale(folder: Path, wanted: dict[str, str]) -> list[str]:
    """Files that are missing, differ, or belong to nothing any more."""
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*")} if folder.exists() else {}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def write(folder: Path, wanted: dict[str, str]) -> list[str]:
    """Bring the folder up to date; what has changed."""
    changed = stale(folder, wanted)
    folder.mkdir(parents=True, exist_ok=True)
    for name in changed:
        if name in wanted:
            (folder / name).write_text(wanted[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return changed


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page is not up to date")
    if not parser.parse_args().check:
        for name in write(FOLDER, pages()):
            print(f"docs/reference/{name}")
        return 0
    found = stale(FOLDER, pages())
    for name in found:
        print(f"docs/reference/{name} is not what the code says; run: make reference", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
