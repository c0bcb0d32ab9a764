"""Control follows the fleet's document: what it declares, and the terms of what is made by API from then on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from routeiq.clients.fleet_follower import Applying
from routeiq.control.declared import Declared
from routeiq.control.following import Following
from routeiq.kit.errors import ConfigurationError
from tests.support.documents import applying, release, started, text_of

READ, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
MORE = (
    "routeiq: {providers: [{name: p, base_url: 'https://p.example', models: [x], api_key: k}], "
    "overrides: [{user_id: u, provider_name: p, model_name: x}]}\n"
)


def control(text: str = text_of("own"), *, documents: bool = True) -> tuple[Declared, Following]:
    declared = Declared(started(text), READ)
    return declared, Following(declared, lambda: LATER, documents=documents)


def names(declared: Declared) -> set[str]:
    return {str(raw["model_name"]) for raw in declared.models.values()}


async def test_all_that_is_declared_is_the_new_documents() -> None:
    declared, following = control()
    await following.apply(applying(1, text_of("a", more=MORE), artifact="one"))
    assert (names(declared), set(declared.providers), declared.read_at) == ({"a"}, {"p"}, LATER)
    provider, override = declared.providers["p"], declared.overrides["u", None]
    assert (declared.provider(provider.id), declared.override(override.id)) == (provider, override)
    assert following.serving() == (declared.start.state.version.removesuffix(".s0"), "one")


async def test_what_does_not_build_changes_nothing() -> None:
    declared, following = control()
    await following.apply(applying(1, text_of("a")))
    with pytest.raises(ConfigurationError):
        await following.apply(applying(2, "model_list: 1\n", artifact="two"))
    assert (names(declared), following.serving().artifact) == ({"a"}, "")


async def test_its_own_comes_back_where_the_fleet_has_none() -> None:
    declared, following = control()
    await following.apply(applying(1, text_of("a")))
    await following.apply(Applying(release(2, None), None))
    assert names(declared) == {"own"}


async def test_it_may_keep_its_own() -> None:
    declared, following = control(documents=False)
    await following.apply(applying(1, text_of("a")))
    assert names(declared) == {"own"}
