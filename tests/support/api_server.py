"""A kube-apiserver that can be ended and started again under whoever uses it."""

from __future__ import annotations

import os
import signal
import time
from http.client import HTTPException

from controlplane.plane import ControlPlane
from controlplane.processes import spawn
from support.kube import Kube


class ApiServer:
    """The kube-apiserver of a control plane, which can be ended and started again with the same data and port.

    The control plane keeps the newest one, as it must be ended before etcd: it may hang without it.
    """

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self.process = next(process for process in plane.processes if process.name == "kube-apiserver")
        self._kube = Kube(plane.url, plane.token, plane.certificate)

    def kill(self) -> None:
        """As a machine that loses power."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.stop(0.0)

    def start(self) -> None:
        """Again, on the same port; returns when it is ready."""
        assert self.process.child is not None
        # The launcher is in front of it already, so that it ends with this process.
        command = [str(part) for part in self.process.child.args]
        log = self._plane.files.log("kube-apiserver")
        self.process = spawn(self.process.name, command, log, die_with_parent=False)
        self._plane._processes[:] = [
            self.process if process.name == self.process.name else process for process in self._plane.processes
        ]
        deadline = time.monotonic() + 60
        while not self._ready():
            assert time.monotonic() < deadline, f"the API server did not come back; its log is {log}"
            time.sleep(0.1)

    def _ready(self) -> bool:
        try:
            return self._kube.request("GET", "/apis/cxone.dev/v1alpha1/cxoneusers?limit=1").code == 200
        except (OSError, ValueError, HTTPException):
            return False
