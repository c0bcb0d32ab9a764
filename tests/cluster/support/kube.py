"""kubectl in one namespace: what is asked of a cluster, as JSON, and patience with it."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

Document = dict[str, Any]
T = TypeVar("T")

CALL_S = 120.0
_PAGE = "import sys, urllib.request as http; print(http.urlopen(sys.argv[1], timeout=10).read().decode())"


class Refused(Exception):
    """kubectl or helm said no; the text is what it said."""


def run(command: Sequence[str], environ: Mapping[str, str], stdin: str | None = None, timeout_s: float = CALL_S) -> str:
    """What it printed. Raises: Refused."""
    done = subprocess.run(
        list(command), env=dict(environ), input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    if done.returncode:
        raise Refused(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def until(look: Callable[[], T], timeout_s: float, what: str, every_s: float = 0.5) -> T:
    """The first true thing that `look` finds. Raises: AssertionError: none in time; it has what was found last."""
    end = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < end, f"{what}: not in {timeout_s:.0f} s; last found {found!r}"
        time.sleep(every_s)
    return found


class Kube:
    """One namespace of one cluster."""

    def __init__(self, namespace: str, environ: Mapping[str, str]) -> None:
        self.namespace, self.environ = namespace, environ

    def __call__(self, *arguments: str, stdin: str | None = None, timeout_s: float = CALL_S) -> str:
        """`kubectl -n namespace ...`: what it printed. Raises: Refused."""
        return run(["kubectl", "-n", self.namespace, *arguments], self.environ, stdin, timeout_s)

    def get(self, *arguments: str) -> Document:
        found: Document = json.loads(self("get", *arguments, "-o", "json"))
        return found

    def items(self, *arguments: str) -> list[Document]:
        found: list[Document] = self.get(*arguments)["items"]
        return found

    def apply(self, *documents: Document) -> None:
        self("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(documents)}))

    def secret(self, name: str, key: str) -> str:
        return base64.b64decode(self.get("secret", name)["data"][key]).decode().strip()

    def pods(self, component: str) -> list[Document]:
        """Those that are not on their way out."""
        found = self.items("pods", "-l", f"app.kubernetes.io/component={component}")
        return [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]

    def page(self, pod: str, port: int, path: str) -> str:
        """What a pod of the suite answers to itself, whomever its policy lets in. Raises: Refused: not 200, too."""
        return self("exec", pod, "--", "python3", "-c", _PAGE, f"http://127.0.0.1:{port}{path}")


def is_ready(pod: Document) -> bool:
    conditions = pod.get("status", {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def restarts(pod: Document) -> int:
    """How often its containers have started again, all of them together."""
    return sum(int(one["restartCount"]) for one in pod.get("status", {}).get("containerStatuses") or [])


def name_of(document: Document) -> str:
    return str(document["metadata"]["name"])
