"""What the programs say by which auditors of clusters go, of each folder as kustomize renders it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from manifests import schemas
from manifests.rendered import FOLDERS, Object, as_input, of_kind, render
from support.kube import Kube

_DEPARTURES = (
    "container-image-pull-policy",  # a version is pulled once; who wants to be sure gives the digest
    "container-ephemeral-storage-request-and-limit",  # the root cannot be written, and /tmp has its own limit
    "deployment-has-host-podantiaffinity",  # topologySpreadConstraints say it
)
"""Checks of kube-score that do not hold here, and why. That there is no CPU limit is for the Lease."""
_BEYOND_ITS_DEFAULTS = ("container-seccomp-profile", "container-ports-check")
WITH_TWO_REPLICAS = [folder for folder in FOLDERS if folder not in ("overlays/dev", "admission")]


def _score(kube_score: Path, objects: list[Object]) -> subprocess.CompletedProcess[str]:
    options = ["--output-format", "ci", "--exit-one-on-warning", "--ignore-container-cpu-limit"]
    options += [f"--ignore-test={check}" for check in _DEPARTURES]
    options += [f"--enable-optional-test={check}" for check in _BEYOND_ITS_DEFAULTS]
    command = [str(kube_score), "score", "--kubernetes-version", "v1.36", *options, "-"]
    return subprocess.run(command, input=as_input(objects), capture_output=True, text=True, check=False)


@pytest.mark.parametrize("folder", WITH_TWO_REPLICAS)
def test_kube_score_finds_nothing(kube_score: Path, kubectl_path: Path, folder: str) -> None:
    answer = _score(kube_score, render(kubectl_path, folder))
    assert answer.returncode == 0, answer.stdout


def _writable(pod: Object) -> None:
    pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] = False


def _unlimited(pod: Object) -> None:
    del pod["containers"][0]["resources"]["limits"]


def _unprobed(pod: Object) -> None:
    del pod["containers"][0]["readinessProbe"]


@pytest.mark.parametrize("spoil", [_writable, _unlimited, _unprobed])
def test_kube_score_finds_what_is_spoilt(kube_score: Path, kubectl_path: Path, spoil: Callable[[Object], None]) -> None:
    objects = render(kubectl_path, "base")
    for deployment in of_kind(objects, "Deployment"):
        spoil(deployment["spec"]["template"]["spec"])
    assert _score(kube_score, objects).returncode == 1


@pytest.fixture(scope="module")
def conform(kubeconform: Path, kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[Object]], str]:
    """What kubeconform has against objects, by the schemas of the API server; empty where it is nothing."""
    openapi = kube.request("GET", "/openapi/v2").accepted()
    location = schemas.write(openapi, tmp_path_factory.mktemp("schemas"))
    command = [str(kubeconform), "-strict", "-schema-location", location, "-output", "text"]

    def told(objects: list[Object]) -> str:
        answer = subprocess.run(command, input=as_input(objects), capture_output=True, text=True, check=False)
        return answer.stdout + answer.stderr if answer.returncode else ""

    return told


def test_kubeconform_finds_nothing(conform: Callable[[list[Object]], str], kubectl_path: Path) -> None:
    """Each object of any folder is of a kind that is served, and has fields of it only."""
    assert conform([body for folder in FOLDERS for body in render(kubectl_path, folder)]) == ""


def test_kubeconform_finds_what_is_misspelt(conform: Callable[[list[Object]], str], kubectl_path: Path) -> None:
    objects = render(kubectl_path, "base")
    of_kind(objects, "Deployment")[0]["spec"]["template"]["spec"]["hostNetwrok"] = True
    assert "hostNetwrok" in conform(objects)
