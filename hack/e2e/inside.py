"""The first program of the world: starts the cluster, tells the story, and shows what there is to see if it fails."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from controlplane import processes
from controlplane.errors import ControlPlaneError
from e2e import evidence, programs, story, world
from e2e.cluster import Cluster, StepFailed
from e2e.images import Image
from e2e.story import crowd, gitops
from e2e.story.company import Company
from e2e.story.gitops.company import GitOps


def main(arguments: Sequence[str]) -> int:
    """The exit code."""
    options = _parser().parse_args(arguments)
    world.furnish()
    processes.collect_garbage_seldom()
    cluster = Cluster(programs.locate())
    images = [_image(archive) for archive in options.archives]
    started = time.monotonic()
    try:
        cluster.start(images)
        print(f"{time.monotonic() - started:6.1f} s  Two nodes are Ready, and names are resolved", flush=True)
        if options.argocd:
            story.tell(GitOps(cluster, images), gitops.STEPS)
        else:
            story.tell(Company(cluster, images), crowd.steps(options.people) if options.people else story.STEPS)
    except (StepFailed, ControlPlaneError) as error:
        evidence.show(cluster)
        print(f"\n{time.monotonic() - started:6.1f} s  FAILED: {error}", flush=True)
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception:
        evidence.show(cluster)
        raise
    print(f"{time.monotonic() - started:6.1f} s  in all", flush=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m e2e.inside")
    parser.add_argument("--argocd", action="store_true", help="tell of a company with Argo CD instead of the week")
    parser.add_argument("--people", type=int, default=0, help="tell of so many instead of the week")
    parser.add_argument("archives", nargs="+", metavar="NAME=ARCHIVE", help="the images")
    return parser


def _image(text: str) -> Image:
    name, _, archive = text.partition("=")
    return Image(name, Path(archive))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
