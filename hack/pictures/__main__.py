"""`python -m pictures [demo] [diagrams]`: those that are named, or all."""

from __future__ import annotations

import argparse
import sys

from pictures import demo, diagrams

_PICTURES = {"demo": demo.draw, "diagrams": diagrams.draw}


def main() -> int:
    """Draw them; the first that cannot be drawn ends it."""
    parser = argparse.ArgumentParser(prog="python -m pictures", description="Draw the pictures of the pages.")
    parser.add_argument("pictures", nargs="*", metavar="demo|diagrams", help="all of them, if none is named")
    named = parser.parse_args().pictures or list(_PICTURES)
    unknown = [name for name in named if name not in _PICTURES]
    if unknown:
        parser.error(f"there is no picture {unknown[0]}; choose from {', '.join(_PICTURES)}")
    return next((code for name in named if (code := _PICTURES[name]())), 0)


if __name__ == "__main__":
    sys.exit(main())
