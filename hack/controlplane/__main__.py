"""Commands: start, stop, status, binaries. Errors are two lines: what went wrong, and what to do."""

from __future__ import annotations

import argparse
import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controlplane import binaries, state
from controlplane.errors import ControlPlaneError
from controlplane.plane import ControlPlane
from controlplane.servers import Files

ROOT = Path(__file__).resolve().parents[2]
NOT_RUNNING = 3
"""Exit code of `status`, as of `systemctl status`."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except ControlPlaneError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def start(options: argparse.Namespace) -> int:
    """Start a control plane that outlives this command."""
    files = Files(options.directory.resolve())
    with _alone(files.directory):
        url, processes = state.load(files.state)
        if processes and all(process.alive for process in processes):
            print(f"The control plane is running already at {url}.")
            return _explain(files)
        state.stop(files.state)
        crds = options.crds if options.crds.is_dir() else None
        plane = ControlPlane.start(files.directory, crds=crds, die_with_parent=False)
        print(f"The control plane runs at {plane.url}.")
    return _explain(files)


def stop(options: argparse.Namespace) -> int:
    """End exactly what `start` started."""
    files = Files(options.directory.resolve())
    if not files.directory.exists():
        print("The control plane is not running.")
        return 0
    with _alone(files.directory):
        stopped = state.stop(files.state)
        files.kubeconfig.unlink(missing_ok=True)
    print("The control plane is stopped." if stopped else "The control plane is not running.")
    return 0


def status(options: argparse.Namespace) -> int:
    """Say what runs."""
    files = Files(options.directory.resolve())
    url, processes = state.load(files.state)
    if not processes:
        print("The control plane is not running.")
        return NOT_RUNNING
    print(f"The control plane is at {url}.")
    for process in processes:
        print(f"  {process.name}: {f'pid {process.pid}' if process.alive else 'ended'}, log {files.log(process.name)}")
    return 0 if all(process.alive for process in processes) else NOT_RUNNING


def show_binaries(options: argparse.Namespace) -> int:
    """Make the binaries where they are missing, and print where they are."""
    found = binaries.locate()
    for path in (found.apiserver, found.etcd, found.kubectl):
        print(path)
    if options.with_controller_manager:
        print(binaries.locate_controller_manager())
    return 0


def _explain(files: Files) -> int:
    print(f"  export KUBECONFIG={files.kubeconfig}")
    commands = f"{Path(sys.executable).parent}:{files.directory / 'bin'}"
    print(f'  export PATH="{commands}:$PATH"  # kubectl, and whatever is installed beside this Python')
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m controlplane", description="A local Kubernetes control plane.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in (("start", start), ("stop", stop), ("status", status)):
        sub = commands.add_parser(name, help=command.__doc__)
        sub.set_defaults(command=command)
        sub.add_argument("--directory", type=Path, default=ROOT / ".cache" / "control-plane", help="where it keeps all")
        if command is start:
            sub.add_argument("--crds", type=Path, default=ROOT / "crds", help="manifests to apply")
    sub = commands.add_parser("binaries", help=show_binaries.__doc__)
    sub.set_defaults(command=show_binaries)
    sub.add_argument("--with-controller-manager", action="store_true", help="also kube-controller-manager")
    return parser


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Two commands for one folder wait for each other."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = (directory / ".lock").open("w")
    except OSError as error:
        raise ControlPlaneError(
            f"Cannot use the folder {directory}: {error.strerror}.", "Choose one that is yours with --directory."
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())
