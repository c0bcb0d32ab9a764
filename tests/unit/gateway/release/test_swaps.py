"""Document after document: the one before goes when it is replaced, not when the collector comes round, which in a
process that serves is late."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry

from routeiq.gateway.overlay.in_force import InForce
from routeiq.gateway.overlay.merging import merging
from routeiq.gateway.per_deployment import PerDeployment
from routeiq.gateway.pipeline.cooldown import Cooldowns
from routeiq.gateway.pipeline.decision_cache import DecisionCache
from routeiq.gateway.pipeline.describe import Shown
from routeiq.gateway.pipeline.figures import Figures
from routeiq.gateway.pipeline.meter import DeploymentMeter
from routeiq.gateway.release.applying import Applier
from routeiq.gateway.release.kept import kept_document
from routeiq.gateway.state import StateHolder
from routeiq.kit.errors import ConfigurationError
from routeiq.kit.recent import Recent
from tests.support.documents import applying, started, text_of

DOCUMENTS = [text_of("a", "b"), text_of("c", "d")]
REFUSED = "model_list: [nothing\n"
SWAPS = 300


class Served:
    """A gateway's parts that know which document is in force."""

    def __init__(self, folder: Path) -> None:
        start = started(text_of("own"))
        figures = Figures()
        cooldowns = Cooldowns(start.state, figures, DeploymentMeter(CollectorRegistry()))
        self.holder = StateHolder(start.state, cooldowns.follow)
        self._shown = PerDeployment(Shown)
        in_force, recent = InForce(self.holder, start, merging("")), Recent(lambda: (0, 0))
        self._applier = Applier(in_force, DecisionCache(), recent, kept_document(folder))

    async def swap(self, number: int) -> None:
        """Each deployment is used, and a document that is refused comes in between."""
        await self._applier.apply(applying(number, DOCUMENTS[number % len(DOCUMENTS)], artifact=f"a{number % 3}"))
        for group in self.holder.current.entries():
            for deployment in group.deployments:
                self._shown.of(deployment)
        try:
            await self._applier.apply(applying(number, REFUSED))
        except ConfigurationError:
            return
        raise AssertionError(REFUSED)


@contextmanager
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def test_nothing_is_left_for_the_collector(tmp_path: Path) -> None:
    served = Served(tmp_path)
    for number in range(20):
        await served.swap(number)
    with without_collector():
        before = len(gc.get_objects())
        for number in range(SWAPS):
            await served.swap(number)
        assert len(gc.get_objects()) - before < SWAPS
