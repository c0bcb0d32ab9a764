"""One release of the chart: installed, changed, rolled back and removed by the helm program, as an operator would."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.support.kube import Kube, name_of, restarts, run, until
from tests.cluster.support.values import SERVICES, Values, merged

CHART = Path(__file__).resolve().parents[3] / "deploy" / "helm" / "routeiq"
NAME = "rq"
WAIT_S = 300


@dataclass
class Release:
    """`values`: those that are in force. `installed_s`: how long the install took, until helm found all ready;
    `restarted`: how often each service's pod had started again by then, by its name."""

    kube: Kube
    values: Values
    name: str = NAME
    installed_s: float = 0.0
    restarted: dict[str, int] = field(default_factory=dict)

    @property
    def fullname(self) -> str:
        return f"{self.name}-routeiq"

    def helm(self, *arguments: str, stdin: str | None = None, timeout_s: float = WAIT_S + 60) -> str:
        """Raises: Refused."""
        return run(["helm", *arguments, "-n", self.kube.namespace], self.kube.environ, stdin, timeout_s)

    def install(self) -> None:
        begun = time.monotonic()
        self._put("upgrade", "--install")
        self.installed_s = time.monotonic() - begun
        self.restarted = {name_of(pod): restarts(pod) for service in SERVICES for pod in self.kube.pods(service)}

    def upgrade(self, change: Values) -> None:
        """To the values in force with `change` in them."""
        self.values = merged(self.values, change)
        self._put("upgrade", "--reset-values")

    @contextmanager
    def changed(self, change: Values, *back: str) -> Iterator[None]:
        """The same for a while. `back`: more options for helm on the way back."""
        before = self.values
        self.upgrade(change)
        try:
            yield
        finally:
            self.values = before
            self._put("upgrade", "--reset-values", *back)

    def rollback(self, revision: int) -> None:
        self.helm("rollback", self.name, str(revision), "--wait", f"--timeout={WAIT_S}s")

    @property
    def revision(self) -> int:
        return max(int(one["revision"]) for one in json.loads(self.helm("history", self.name, "-o", "json")))

    def uninstall(self) -> None:
        self.helm("uninstall", self.name, "--wait", "--ignore-not-found")

    def component(self, name: str) -> str:
        return f"{self.fullname}-{name}"

    def secret(self, key: str) -> str:
        return self.kube.secret(self.component("keys"), key)

    def restart(self, service: str) -> None:
        """All its pods in turn, and until the last one has gone."""
        deployment = f"deployment/{self.component(service)}"
        self.kube("rollout", "restart", deployment)
        self.wait_rolled(service)

    def wait_rolled(self, *services: str) -> None:
        for service in services or SERVICES:
            deployment = f"deployment/{self.component(service)}"
            self.kube("rollout", "status", deployment, f"--timeout={WAIT_S}s", timeout_s=WAIT_S + 10)
            self.wait_gone(service)

    def wait_gone(self, service: str) -> None:
        """Until no pod of it is on its way out."""

        def none_ends() -> bool:
            pods = self.kube.items("pods", "-l", f"app.kubernetes.io/component={service}")
            return not any(pod["metadata"].get("deletionTimestamp") for pod in pods)

        until(none_ends, 120, f"pods of {service} end")

    def _put(self, *verb: str) -> None:
        flags = ("--wait", f"--timeout={WAIT_S}s")
        self.helm(*verb, self.name, str(CHART), "-f", "-", *flags, stdin=json.dumps(self.values))
