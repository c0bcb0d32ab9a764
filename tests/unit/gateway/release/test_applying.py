"""A release in force: built beside, swapped, kept; what does not build changes nothing."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from routeiq.clients.fleet_follower import Applying
from routeiq.gateway.overlay.in_force import InForce
from routeiq.gateway.overlay.merging import merging
from routeiq.gateway.pipeline.decision_cache import DecisionCache
from routeiq.gateway.release.applying import PATIENCE_S, Applier
from routeiq.gateway.release.kept import kept_document
from routeiq.gateway.state import StateHolder
from routeiq.kit import log
from routeiq.kit.errors import ConfigurationError
from routeiq.kit.recent import Recent
from tests.support.documents import applying, bundle_of, release, started, text_of
from tests.support.twins import decision

OWN = text_of("own")


@dataclass
class Bench:
    """One gateway's parts. `at`: seconds."""

    folder: Path
    own: str = OWN
    empty: bool = False
    documents: bool = True
    at: float = 100.0
    decisions: DecisionCache = field(default_factory=DecisionCache)

    def __post_init__(self) -> None:
        start = started(self.own)
        self.holder = StateHolder(start.state)
        in_force = InForce(self.holder, start, merging(""))
        recent, kept = Recent(lambda: (0, 0)), kept_document(self.folder)
        self.applier = Applier(
            in_force, self.decisions, recent, kept, self.documents, self.empty, clock=lambda: self.at
        )

    @property
    def served(self) -> set[str]:
        return set(self.holder.current.groups) - {"all-MiniLM-L6-v2"}


async def test_a_release_is_in_force_and_kept(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    await bench.applier.apply(applying(1, text_of("a", "b")))
    assert bench.served == {"a", "b"}
    assert kept_document(tmp_path).read() == bundle_of(text_of("a", "b"))
    assert bench.applier.serving().config_version == bench.holder.current.version.removesuffix(".s0")


async def test_what_does_not_build_leaves_everything_as_it_was(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    await bench.applier.apply(applying(1, text_of("a"), artifact="one"))
    before = bench.holder.current
    with pytest.raises(ConfigurationError, match=r"config\.yaml:1: "):
        await bench.applier.apply(applying(2, "model_list: nothing\n", artifact="two"))
    assert bench.holder.current is before
    assert kept_document(tmp_path).read() == bundle_of(text_of("a"))
    assert bench.applier.serving().artifact == "one"


async def test_a_release_without_a_document_brings_its_own_back(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    await bench.applier.apply(applying(1, text_of("a")))
    await bench.applier.apply(Applying(release(2, None), None))
    assert bench.served == {"own"}


async def test_a_release_of_the_same_document_changes_no_state(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    await bench.applier.apply(applying(1, text_of("a")))
    before = bench.holder.current
    await bench.applier.apply(Applying(release(2, bundle_of(text_of("a")), artifact="two"), None))
    assert bench.holder.current is before


async def test_a_gateway_that_keeps_its_own_document_learns_of_the_artifact(tmp_path: Path) -> None:
    bench = Bench(tmp_path, documents=False)
    await bench.applier.apply(applying(1, text_of("a"), artifact="one"))
    assert bench.served == {"own"}
    assert bench.decisions.awaits


@pytest.mark.parametrize(("level", "says"), [("debug", logging.DEBUG), ("warning", logging.WARNING)])
async def test_the_log_follows_the_document(tmp_path: Path, level: str, says: int) -> None:
    bench = Bench(tmp_path)
    await bench.applier.apply(applying(1, text_of("a", more=f"routeiq: {{log_level: {level}}}\n")))
    assert (log.says(says), log.says(says - 1)) == (True, False)
    await bench.applier.apply(applying(2, text_of("a")))
    assert (log.says(logging.INFO), log.says(logging.DEBUG)) == (True, False)


async def test_without_a_document_it_is_not_ready_before_the_fleet_gives_one(tmp_path: Path) -> None:
    bench = Bench(tmp_path, own="model_list: []\n", empty=True)
    with pytest.raises(ConfigurationError):
        await bench.applier.apply(applying(1, "no: [\n"))
    bench.at += 2 * PATIENCE_S
    assert not await bench.applier.settled()
    await bench.applier.apply(applying(2, text_of("a")))
    assert await bench.applier.settled()


async def test_with_a_kept_one_it_waits_for_a_newer_one_for_a_while(tmp_path: Path) -> None:
    bench, heard = Bench(tmp_path), Bench(tmp_path)
    assert not await bench.applier.settled()
    bench.at += PATIENCE_S + 0.1
    assert await bench.applier.settled()
    await heard.applier.apply(applying(1, text_of("a")))
    assert await heard.applier.settled()


async def test_cached_questions_are_asked_again_until_routing_has_moved(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    key = b"k" * 16
    bench.decisions.put(key, decision(artifact_id="old"))
    watching = asyncio.create_task(bench.applier.watch_decisions())
    await asyncio.sleep(0.3)
    assert bench.decisions.get(key) is not None
    await bench.applier.apply(Applying(release(1, None, "new"), None))
    async with asyncio.timeout(60):
        while bench.decisions.get(key) is not None:
            await asyncio.sleep(0.02)
    watching.cancel()
    await asyncio.wait([watching])


def test_the_digest_of_a_kept_document_is_known(tmp_path: Path) -> None:
    assert Bench(tmp_path).applier.digest == bundle_of(OWN).digest
