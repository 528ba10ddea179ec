"""The week after: the same by the chart, with Helm."""

from __future__ import annotations

import subprocess

from e2e.cluster import StepFailed
from e2e.images import NAME, VERSIONS
from e2e.story import leaving
from e2e.story.company import BRIDGE, OPERATOR, PEOPLE, SYSTEM, Company, name


def chart_is_installed(company: Company) -> str:
    """The chart is installed as the page has it, and the operator is there"""
    company.cluster.apply(company.checkout / "manifests" / "base" / "operator" / "namespace.yaml")
    company.cluster.apply(company.sample("namespace"))
    _helm(company, "install", "--set", f"image.repository={NAME}", "--set", "admission.enabled=true")
    company.apply_ours("allow-cxone")
    company.store_hr_secrets(company.hr_secret, company.hr_secret)
    company.rolled_out(OPERATOR, BRIDGE, seconds=120)
    return f"{name(company.leader())} acts"


def somebody_is_ready(company: Company) -> str:
    """A tenant and somebody new are Ready"""
    company.store_credentials()
    company.open_tenant()
    company.join("helmut")
    return "helmut"


def chart_is_upgraded(company: Company) -> str:
    """The chart is upgraded to a new image"""
    _helm(company, "upgrade", "--reset-then-reuse-values", "--set", f"image.tag={VERSIONS[1]}")
    company.rolled_out(OPERATOR, BRIDGE, seconds=120)
    company.join("after-helm")
    return VERSIONS[1]


def chart_is_uninstalled(company: Company) -> str:
    """People, tenant, release, CRDs and namespaces go in the order of the page"""
    people = company.cluster.get("-n", PEOPLE, "cxu")["items"]
    company.kubectl("-n", PEOPLE, "delete", "cxu", "--all", "--timeout=60s")
    company.kubectl("-n", PEOPLE, "delete", "cxt", "--all")
    _helm(company, "uninstall")
    company.until_done("delete", "crd", "cxoneusers.cxone.dev", "cxonetenants.cxone.dev")
    company.kubectl("delete", "namespace", SYSTEM, PEOPLE)
    return f"{len(people)} people, and {leaving.nothing_is_left(company)}"


def _helm(company: Company, verb: str, *options: str) -> None:
    chart = () if verb == "uninstall" else (str(company.checkout / "charts" / OPERATOR),)
    helm, kubeconfig = company.cluster.programs.helm, company.cluster.servers.files.kubeconfig
    command = [str(helm), f"--kubeconfig={kubeconfig}", verb, OPERATOR, *chart, "--namespace", SYSTEM, *options]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise StepFailed(f"$ helm {verb}\n{answer.stdout}{answer.stderr}")


STEPS = (chart_is_installed, somebody_is_ready, chart_is_upgraded, chart_is_uninstalled)
