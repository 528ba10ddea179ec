"""`make e2e`: all is built, then a world of its own is entered, and nothing of it is left. Errors are two lines."""

from __future__ import annotations

import argparse
import signal
import sys

from controlplane.errors import ControlPlaneError
from e2e import images, machine, programs, world
from e2e.argocd import programs as argocd


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    also = argocd.PACKAGES if options.argocd else {}
    if options.packages:
        print(*machine.packages(also))
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        machine.require(also)
        with world.alone():
            return 0 if options.clean else _tell(options)
    except ControlPlaneError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _tell(options: argparse.Namespace) -> int:
    found = programs.locate()
    if options.argocd:
        argocd.locate()
    archives = [f"{image.name}={image.archive}" for image in images.build(found)]
    story = ["--argocd"] if options.argocd else [f"--people={options.people}"]
    return world.enter([sys.executable, "-m", "e2e.inside", *story, *archives])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m e2e", description="A company's first week on two real nodes.")
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--argocd", action="store_true", help="another story: Argo CD brings everything")
    other.add_argument("--people", type=int, default=0, metavar="N", help="another story: so many of them at once")
    parser.add_argument("--clean", action="store_true", help="only remove what a run that was killed has left")
    parser.add_argument("--packages", action="store_true", help="only print which packages of Debian it needs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
