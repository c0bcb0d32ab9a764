"""The API server of the cluster that this runs in, by Kubernetes' own client: with `sources` the door to it.

The client blocks. It is loaded at the first call: 40 MB, for who is in a cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from routeiq.kit.errors import Unavailable

CONFLICT, NOT_FOUND = 409, 404


class KubernetesAway(Unavailable):
    """The API server does not answer, or refuses."""

    code = "kubernetes_unavailable"


def open_api(kind: str) -> Any:
    """Args: kind: `CoreV1Api` and its kin. Raises: KubernetesAway: this is no pod, whose account could be used."""
    from kubernetes import client, config  # noqa: PLC0415  # see above

    try:
        config.load_incluster_config()  # type: ignore[no-untyped-call]  # the library has no types
    except config.ConfigException:
        raise KubernetesAway("This is no pod of a cluster, whose account could be used.") from None
    return getattr(client, kind)()


def call(method: Callable[..., Any], *args: object, but: int, timeout_s: tuple[float, float], what: str) -> Any:
    """Its answer; None: the server answered `but`. Raises: KubernetesAway: whose text holds nothing that was sent.

    Args: timeout_s: to connect, and for the answer.  what: is asked for, for that text."""
    from kubernetes.client import ApiException  # noqa: PLC0415  # see above
    from urllib3.exceptions import HTTPError  # noqa: PLC0415  # the client's own

    try:
        return method(*args, _request_timeout=timeout_s)
    except ApiException as error:
        if error.status == but:
            return None
        raise KubernetesAway(f"The API server of Kubernetes answers {error.status} for the {what}.") from None
    except (HTTPError, OSError) as error:
        raise KubernetesAway(f"The API server of Kubernetes does not answer ({type(error).__name__}).") from None
