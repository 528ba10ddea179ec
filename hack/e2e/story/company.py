"""The company of the story: what its platform engineers, its HR system and its CXone can do, by name."""

from __future__ import annotations

import base64
import json
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from demo.scenario import Person, as_list
from demo.view import Simulator
from e2e.authority import Authority
from e2e.cluster import Cluster, Json, StepFailed
from e2e.images import NAME, VERSIONS, Image
from e2e.world import INSIDE, ROOT

SYSTEM, PEOPLE = "cxone-system", "workforce"
OPERATOR, BRIDGE = "cxone-operator", "cxone-hr-bridge"
APPROVERS = "workforce-managers"
"""Who may approve a flood of leavers, by the overlay of the page."""
_WEBHOOK = f"http://{BRIDGE}.{SYSTEM}/webhook/hr-sync"
_MANIFESTS = Path(__file__).parents[1] / "manifests"
INPOD = Path(__file__).parents[1] / "inpod"
"""The modules that run inside pods."""


class Company:
    """One company on one cluster."""

    def __init__(self, cluster: Cluster, images: Sequence[Image]) -> None:
        self.cluster = cluster
        self.images = [image for image in images if image.name.startswith(NAME)]
        self.kubectl = cluster.kubectl
        self.checkout = INSIDE / "checkout"
        self.overlay = self.checkout / "manifests" / "overlays" / "acme"
        self.client_secret = secrets.token_urlsafe(16)
        self.hr_secret = self.old_hr_secret = new_hr_secret()
        self.authority = Authority(INSIDE / "authority")
        for folder in ("manifests", "crds", "charts"):
            shutil.copytree(ROOT / folder, self.checkout / folder)

    # The installation.

    def write_overlay(self, version: str, resources: Sequence[str] = (), patches: Sequence[str] = ()) -> None:
        """The overlay of the page on the installation, with the image of that version, and with these files."""
        page = (ROOT / "docs" / "how-to" / "install.md").read_text()
        (text,) = re.findall(r"^```yaml\n(apiVersion: kustomize.*?)^```", page, re.MULTILINE | re.DOTALL)
        prod = "  - ../prod\n"
        text = text.replace(f"newTag: {VERSIONS[0]}", f"newTag: {version}")
        text = text.replace(prod, prod + "".join(f"  - {file}\n" for file in resources))
        self.overlay.mkdir(exist_ok=True)
        # Its last key is that of the patches.
        (self.overlay / "kustomization.yaml").write_text(text + "".join(f"  - path: {file}\n" for file in patches))

    def sample(self, name: str) -> Path:
        """One of the manifests that people copy."""
        return self.checkout / "manifests" / "samples" / f"{name}.yaml"

    def apply_ours(self, name: str) -> None:
        """What only this cluster has."""
        self.cluster.apply(_MANIFESTS / f"{name}.yaml")

    def rolled_out(self, *names: str, seconds: int = 60) -> None:
        """Deployments of the operator's namespace."""
        for name in names:
            self.cluster.rolled_out(name, SYSTEM, seconds)

    def until_done(self, *arguments: str) -> None:
        """Repeat what is refused: the API server needs a moment to forget a policy, as the page says."""
        self.cluster.until(lambda: self.cluster.attempt(*arguments).returncode == 0, f"kubectl {' '.join(arguments)}")

    def pods(self, component: str) -> list[Json]:
        """The pods of `operator` or `hr-bridge` that are not about to go."""
        selector = f"app.kubernetes.io/component={component}"
        found = self.cluster.get("-n", SYSTEM, "pods", "-l", selector)["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def lives(self, *components: str) -> dict[str, int]:
        """How often each pod was started anew."""
        pods = [pod for component in components for pod in self.pods(component)]
        return {name(pod): pod["status"]["containerStatuses"][0]["restartCount"] for pod in pods}

    def holder(self) -> str:
        """The process that acts, or nothing. One that is started again is another one, though its pod is the same."""
        return self._lease().get("holderIdentity") or ""

    def takeovers(self) -> int:
        """How often the Lease has got another holder."""
        return self._lease().get("leaseTransitions") or 0

    def leads_since(self) -> datetime:
        """When the process that acts took the Lease."""
        return datetime.fromisoformat(self._lease()["acquireTime"])

    def _lease(self) -> Json:
        """As it is kept; nothing where nobody has held it yet."""
        leases = self.cluster.get("-n", SYSTEM, "leases")["items"]
        return next((lease["spec"] for lease in leases if name(lease) == OPERATOR), {})

    def leader(self) -> Json:
        """The pod that acts, as soon as it is one that is there to stay."""
        return self.cluster.until(self._leader, "no pod acts")

    def _leader(self) -> Json:
        pods = {name(pod): pod for pod in self.pods("operator")}
        return pods.get(self.holder().partition("_")[0], {})

    # Secrets.

    def store_secret(self, namespace: str, name: str, **values: str) -> None:
        """Create or replace a Secret, as the page on rotation has it."""
        literals = [f"--from-literal={key}={value}" for key, value in values.items()]
        command = ("-n", namespace, "create", "secret", "generic", name, *literals, "--dry-run=client", "-o", "yaml")
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", given=self.kubectl(*command))

    def store_credentials(self, **more: str) -> None:
        """What the tenant shows to CXone, and what else is in its Secret."""
        self.store_secret(PEOPLE, "cxone-credentials", clientId="demo", clientSecret=self.client_secret, **more)

    def store_hr_secrets(self, current: str, previous: str) -> None:
        """What the bridge accepts."""
        self.store_secret(SYSTEM, BRIDGE, current=current, previous=previous)

    # CXone.

    def cxone(self) -> Simulator:
        """Its control endpoint, straight at the pod."""
        (pod,) = self.cluster.get("-n", "cxone", "pods", "-l", "app=simulator")["items"]
        return Simulator(f"http://{pod['status']['podIP']}:8090")

    def change_client_secret(self) -> None:
        """CXone takes another secret from now on, and no token that the old one got."""
        cxone = self.cxone()
        self.client_secret = secrets.token_urlsafe(16)
        cxone.send("PATCH", "settings", {"clientSecret": self.client_secret})
        cxone.send("POST", "tokens/revoke", {})

    def accounts(self) -> dict[str, bool]:
        """Everybody in CXone, and whether they may log in."""
        return {user["userName"]: user["active"] for user in self.cxone().get("users")["users"]}

    # People.

    def open_tenant(self) -> None:
        """The tenant is applied, and Ready."""
        self.kubectl("-n", PEOPLE, "apply", "--server-side", "-f", "-", given=self.tenant_manifest())
        self.kubectl("-n", PEOPLE, "wait", "--for=condition=Ready", "cxt/default", "--timeout=60s")

    def change_tenant(self, **spec: object) -> None:
        """Edit the spec of the tenant."""
        patch = f"--patch={json.dumps({'spec': spec})}"
        self.kubectl("-n", PEOPLE, "patch", "cxt", "default", "--type=merge", patch)

    def tenant_manifest(self) -> str:
        """The sample with this company's address; CXone limits nothing here."""
        sample = self.sample("tenant").read_text().rstrip()
        ours = sample.replace("https://platform.api.nicecxone.com", "http://simulator.cxone.svc")
        return f"{ours}\n  rateLimit: {{requestsPerMinute: 100000}}\n"

    def commit(self, people: Iterable[Person]) -> Path:
        """A folder, as it would be in Git, with a file for each."""
        folder = self.checkout / "people"
        folder.mkdir(exist_ok=True)
        for person in people:
            (folder / f"{person.name}.json").write_text(as_list([person.manifest()]))
        return folder

    def until_ready(self, names: Iterable[str], seconds: float = 60.0) -> None:
        """CXone agrees with each of these resources."""
        wanted = set(names)
        self.cluster.until(lambda: wanted <= self.ready(), f"{len(wanted)} users are not all Ready", seconds)

    def ready(self) -> set[str]:
        """The users who are."""
        items = self.cluster.get("-n", PEOPLE, "cxu")["items"]
        return {item["metadata"]["name"] for item in items if _is_ready(item)}

    def declare(self, person: Person) -> None:
        """Somebody new."""
        self.kubectl("apply", "--server-side", "-f", "-", given=as_list([person.manifest()]))

    def join(self, name: str) -> None:
        """Somebody new is declared, and Ready."""
        person = Person(name)
        self.declare(person)
        self.until_ready([name])
        if not self.accounts().get(person.user_name):
            raise StepFailed(f"{name} is Ready without an active account")

    # From inside a pod.

    def inside(self, namespace: str, pod: str, module: str, *arguments: str) -> Any:  # noqa: ANN401 (whatever it prints)
        """Run a module of `inpod` there; what it prints."""
        return json.loads(self.kubectl(*_exec(namespace, pod, module, *arguments)))

    def hire(self, email: str, secret: str) -> int:
        """Somebody new, signed with that secret; the status of the answer."""
        return self.hr_event("hire", email, secret)

    def hr_event(self, action: str, email: str, secret: str) -> int:
        """One event over the Service, from where requests of the HR system arrive; the status of the answer."""
        return int(self.inside("ingress-nginx", "hr-system", "hr_event", _WEBHOOK, secret, action, email)["status"])

    def hiring(self, beginning: str, per_second: float, attempts: int = 1) -> Hiring:
        """The HR system at work until it is told to stop."""
        arguments = (_WEBHOOK, self.hr_secret, beginning, str(per_second), str(attempts))
        command = _exec("ingress-nginx", "hr-system", "hr_system", *arguments)
        return Hiring(self.cluster.command(*command))


class Hiring:
    """An HR system that hires until `stop`."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def stop(self) -> tuple[int, list[str]]:
        """How many it has sent, and what came where it was not accepted."""
        output, _ = self._process.communicate("", timeout=150)
        found = json.loads(output)
        return int(found["sent"]), list(found["refused"])


def _exec(namespace: str, pod: str, module: str, *arguments: str) -> list[str]:
    script = (INPOD / f"{module}.py").read_text()
    return ["-n", namespace, "exec", "-i", pod, "--", "python", "-c", script, *arguments]


def name(resource: Json) -> str:
    """What it is called."""
    return str(resource["metadata"]["name"])


def container(pod: Json) -> str:
    """What the node calls the one that runs in it."""
    (status,) = pod["status"]["containerStatuses"]
    return str(status["containerID"]).partition("://")[2]


def new_hr_secret() -> str:
    """As the page has it: `openssl rand -base64 32` after `whsec_`."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def _is_ready(item: Json) -> bool:
    status = item.get("status", {})
    ready = {condition["type"]: condition["status"] for condition in status.get("conditions", [])}.get("Ready")
    return ready == "True" and status.get("observedGeneration") == item["metadata"]["generation"]
