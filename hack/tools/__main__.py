"""Makes the named tools where they are missing, and prints their paths. Errors are two lines, as of `controlplane`."""

from __future__ import annotations

import argparse
import sys

from controlplane.errors import ControlPlaneError
from tools import finder
from tools.catalogue import TOOLS


def main(arguments: list[str] | None = None) -> int:
    """One path a line, in the order of the names; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools", description="Programs in Go that tests need.")
    parser.add_argument("names", nargs="+", choices=sorted(TOOLS), metavar="NAME", help=", ".join(sorted(TOOLS)))
    try:
        for name in parser.parse_args(arguments).names:
            print(finder.locate(TOOLS[name]()))
    except ControlPlaneError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
