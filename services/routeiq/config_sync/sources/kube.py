"""The Kubernetes API as this process may use it: as its service account in a cluster, else as the kubeconfig says.

Half a second and 40 MB to import: import it only where there is a cluster to talk to."""

from __future__ import annotations

import asyncio

from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration

from routeiq.config_sync.sources.place import SourceFailed


async def api_client() -> ApiClient:
    """Whoever asks closes it. Raises: SourceFailed: there is no cluster to talk to."""
    configuration = Configuration()
    await _configure(configuration)
    return ApiClient(configuration)


async def _configure(configuration: Configuration) -> None:
    try:
        await asyncio.to_thread(config.load_incluster_config, configuration)
        return
    except config.ConfigException:
        pass
    try:
        await config.load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    except (config.ConfigException, OSError) as error:
        raise SourceFailed(f"there is no Kubernetes API to ask: {type(error).__name__}") from None
