"""The first program of the world: starts the cluster, tells the story, and shows what there is to see if it fails."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from controlplane.errors import ControlPlaneError
from e2e import evidence, programs, story, world
from e2e.cluster import Cluster, StepFailed
from e2e.images import Image


def main(name: str, archives: Sequence[str]) -> int:
    """The exit code; the story is given by its name, the images as NAME=ARCHIVE."""
    world.furnish()
    cluster = Cluster(programs.locate())
    images = [_image(archive) for archive in archives]
    started = time.monotonic()
    try:
        cluster.start(images)
        print(f"{time.monotonic() - started:6.1f} s  Two nodes are Ready, and names are resolved", flush=True)
        story.STORIES[name](cluster, images)
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


def _image(text: str) -> Image:
    name, _, archive = text.partition("=")
    return Image(name, Path(archive))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
