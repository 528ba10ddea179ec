"""`python -m measure [NAME [ARGUMENTS]]`: run a benchmark, or say which there are."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from measure.benchmark import execute

_FOLDER = Path(__file__).parents[1]


def main(arguments: list[str]) -> int:
    """The exit code; 1 where a run did not come to its end."""
    names = sorted(path.stem for path in _FOLDER.glob("*.py"))
    if not arguments or arguments[0] not in names:
        _list(names)
        return int(bool(arguments))
    module = import_module(arguments[0])
    return execute(arguments[0], module.__doc__ or "", module.BENCHMARK, arguments[1:])


def _list(names: list[str]) -> None:
    print("make bench NAME=… [ARGS=…], where ARGS=--help says what there is to choose:\n")
    for name in names:
        first = (import_module(name).__doc__ or "").partition("\n")[0]
        print(f"  {name:<14} {first}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
