"""Which modules of the image would be compiled anew at every start, as nobody may write there."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

_BY_CONTENT = 1
"""A flag in the header: the source is not looked at, or by its hash (PEP 552)."""


def stale(source: Path) -> bool:
    """There is no compiled module, or one of another source."""
    compiled = Path(importlib.util.cache_from_source(str(source)))
    if not compiled.exists():
        return True
    header = compiled.read_bytes()[:16]
    if int.from_bytes(header[4:8], "little") & _BY_CONTENT:
        return False
    found = source.stat()
    return header[8:16] != int(found.st_mtime).to_bytes(4, "little") + found.st_size.to_bytes(4, "little")


if __name__ == "__main__":
    sources = sorted(Path(sys.prefix).glob("lib/python*/site-packages/**/*.py"))
    print(json.dumps({"modules": len(sources), "stale": [str(path) for path in sources if stale(path)]}))
