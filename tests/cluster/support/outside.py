"""Addresses that are nobody's in the cluster: of the internet, of a cloud's metadata service. The node has them for a
while.

Only on the cluster of tools/cluster, whose network this process is in: a pod's way to anywhere leads to its node.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from tests.cluster.support.kube import run


@contextmanager
def served(addresses: Sequence[str], port: int, environ: Mapping[str, str]) -> Iterator[None]:
    """Whoever gets through to one of these, is connected."""
    with ExitStack() as stack:
        for address in addresses:
            run(["ip", "address", "add", f"{address}/32", "dev", "lo"], environ)
            stack.callback(run, ["ip", "address", "delete", f"{address}/32", "dev", "lo"], environ)
            stack.enter_context(socket.create_server((address, port)))
        yield
