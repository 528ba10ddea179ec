"""The control plane that all tests of a run share, whichever process they run in.

The process that the run is about keeps it: pytest itself, or the controller of several workers. Nobody there knows
whether a test will want one, so a keeper waits in a thread of its own, and starts it when the first test asks. The
thread lasts as long as the control plane, whose processes end with the thread that started them; so nothing is left of
a run that was killed.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, suppress
from multiprocessing.connection import Client, Listener
from pathlib import Path

from controlplane.errors import ControlPlaneError
from controlplane.plane import ControlPlane

_CRDS = Path(__file__).parents[2] / "crds"


class Keeper:
    """Starts a control plane when it is asked for the first time, and ends it when it is closed."""

    def __init__(self) -> None:
        self._listener = Listener(family="AF_UNIX")
        self._thread = threading.Thread(target=self._keep, name="control-plane", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where to ask, for `shared`."""
        return str(self._listener.address)

    def close(self) -> None:
        """End it; tests are over by then."""
        with Client(self.address) as connection:
            connection.send(None)
        self._thread.join()

    def _keep(self) -> None:
        with self._listener, ExitStack() as stack:
            planes: list[ControlPlane] = []
            while True:
                with self._listener.accept() as connection, suppress(OSError, EOFError):  # whoever asked is gone
                    directory = connection.recv()
                    if directory is None:
                        return
                    connection.send(_started(planes, directory, stack))


def _started(planes: list[ControlPlane], directory: Path, stack: ExitStack) -> Path | str:
    """The folder of the only one; else why there is none."""
    try:
        if not planes:
            planes.append(stack.enter_context(ControlPlane.start(directory, crds=_CRDS)))
    except (ControlPlaneError, OSError) as error:
        return str(error)
    return planes[0].files.directory


def shared(address: str, directory: Path) -> ControlPlane:
    """The control plane of the keeper at that address; it starts in `directory` if this is the first to ask."""
    with Client(address) as connection:
        connection.send(directory)
        answer = connection.recv()
    if isinstance(answer, str):
        raise RuntimeError(answer)
    return ControlPlane.running(answer)
