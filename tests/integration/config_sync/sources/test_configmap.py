"""A document in a ConfigMap: one state of all its keys, changes at once, and every way that a watch may end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from routeiq.config_sync.sources.configmap import ConfigMapPlace, Named
from routeiq.config_sync.sources.document import DocumentSource, Fetched
from routeiq.config_sync.sources.place import SourceFailed
from routeiq.kit.errors import ConfigurationError
from tests.support.kubernetes_api import TOKEN, KubernetesAPI, kubernetes_api
from tests.support.waiting import PATIENCE_S

PLACE = Named("ns", "routeiq", "c.yaml")


@pytest.fixture
async def api() -> AsyncIterator[KubernetesAPI]:
    async with kubernetes_api() as running:
        yield running


@pytest.fixture
async def source(api: KubernetesAPI) -> AsyncIterator[DocumentSource]:
    place = ConfigMapPlace(PLACE, api.client, pause_s=0.1)
    yield DocumentSource(place, {}, timeout_s=PATIENCE_S)
    await place.close()


async def fetched(source: DocumentSource, known: str | None = None) -> Fetched:
    found = await source.fetch(known)
    assert found is not None
    return found


async def test_a_document_and_its_includes_are_keys_of_one_object(api: KubernetesAPI, source: DocumentSource) -> None:
    await api.put("routeiq", {"c.yaml": "include: [b.yaml]\n"}, **{"b.yaml": b"b: 1\n"})
    first = await fetched(source)
    assert (first.bundle.main, first.bundle.files["b.yaml"]) == ("c.yaml", "b: 1\n")
    assert first.etag.startswith("101+")
    assert await source.fetch(first.etag) is None
    assert [query["fieldSelector"] for query in api.lists] == ["metadata.name=routeiq"] * 2
    assert api.tokens == {f"authorization: bearer {TOKEN}"}
    await api.put("routeiq", {"c.yaml": "include: [b.yaml]\n", "b.yaml": "b: 2\n"})
    assert (await fetched(source, first.etag)).bundle.files["b.yaml"] == "b: 2\n"


async def test_a_change_of_something_else_in_the_object_is_none(api: KubernetesAPI, source: DocumentSource) -> None:
    await api.put("routeiq", {"c.yaml": "a: 1\n"})
    first = await fetched(source)
    await api.put("routeiq", {"c.yaml": "a: 1\n", "other": "x"})
    assert await source.fetch(first.etag) is None


async def test_a_change_is_noticed_at_once(api: KubernetesAPI, source: DocumentSource) -> None:
    await api.put("routeiq", {"c.yaml": "a: 1\n"})
    await fetched(source)
    changed = asyncio.create_task(source.changed())
    await api.watched(1)
    assert api.watches[0]["resourceVersion"] == "101"
    await asyncio.sleep(0.05)
    assert not changed.done()
    await api.put("routeiq", {"c.yaml": "a: 2\n" + "#" * 200_000})
    await asyncio.wait_for(changed, PATIENCE_S)


async def test_a_deleted_object_is_a_failure_until_it_is_back(api: KubernetesAPI, source: DocumentSource) -> None:
    await api.put("routeiq", {"c.yaml": "a: 1\n"})
    first = await fetched(source)
    changed = asyncio.create_task(source.changed())
    await api.watched(1)
    await api.delete("routeiq")
    await asyncio.wait_for(changed, PATIENCE_S)
    with pytest.raises(SourceFailed, match=r"configmap ns/routeiq/c\.yaml: there is no such ConfigMap"):
        await source.fetch(first.etag)
    changed = asyncio.create_task(source.changed())
    await api.watched(2)
    await api.put("routeiq", {"c.yaml": "a: 1\n"})
    await asyncio.wait_for(changed, PATIENCE_S)
    assert await source.fetch(first.etag) is None


async def test_a_version_that_is_gone_is_a_reason_to_list(api: KubernetesAPI, source: DocumentSource) -> None:
    await api.put("routeiq", {"c.yaml": "a: 1\n"})
    await fetched(source)
    api.oldest = 500
    await asyncio.wait_for(source.changed(), PATIENCE_S)


async def test_a_watch_that_is_cut_goes_on_from_its_bookmark(api: KubernetesAPI, source: DocumentSource) -> None:
    await api.put("routeiq", {"c.yaml": "a: 1\n"})
    await fetched(source)
    changed = asyncio.create_task(source.changed())
    await api.watched(1)
    await api.bookmark(700)
    await asyncio.sleep(0.05)
    api.cut_watches()
    await api.watched(2)
    assert [query["resourceVersion"] for query in api.watches] == ["101", "700"]
    assert not changed.done()
    await api.put("routeiq", {"c.yaml": "a: 2\n"})
    await asyncio.wait_for(changed, PATIENCE_S)


async def test_a_watch_that_is_refused_is_not_asked_for_without_a_pause(
    api: KubernetesAPI, source: DocumentSource
) -> None:
    await api.put("routeiq", {"c.yaml": "a: 1\n"})
    await fetched(source)
    api.answer_with = 403
    changed = asyncio.create_task(source.changed())
    await asyncio.sleep(0.5)
    assert not changed.done()
    assert 1 <= api.refused <= 3
    changed.cancel()


async def test_a_watch_that_says_it_is_too_late_is_a_reason_to_list(api: KubernetesAPI, source: DocumentSource) -> None:
    await api.put("routeiq", {"c.yaml": "a: 1\n"})
    await fetched(source)
    api.answer_with = 410
    await asyncio.wait_for(source.changed(), PATIENCE_S)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (403, "access is denied"), (401, "the credentials are not accepted"), (404, "there is no such namespace"),
        (500, "the API answered 500"),
    ],
)  # fmt: skip
async def test_what_the_api_refuses_is_said_in_our_words(
    api: KubernetesAPI, source: DocumentSource, status: int, said: str
) -> None:
    api.answer_with = status
    with pytest.raises(SourceFailed) as failed:
        await source.fetch(None)
    assert failed.value.public_message == f"configmap ns/routeiq/c.yaml: {said}"


async def test_an_api_that_hangs_costs_one_reading(api: KubernetesAPI) -> None:
    api.hangs = True
    place = ConfigMapPlace(PLACE, api.client)
    with pytest.raises(SourceFailed, match="did not answer within 1 s"):
        async with asyncio.timeout(PATIENCE_S):
            await DocumentSource(place, {}, timeout_s=1).fetch(None)
    await place.close()


async def test_an_api_that_is_away_is_a_failure(api: KubernetesAPI) -> None:
    api.url = "http://127.0.0.1:1"
    place = ConfigMapPlace(Named("ns", "routeiq", "c.yaml"), api.client)
    with pytest.raises(SourceFailed, match="the Kubernetes API cannot be reached"):
        await DocumentSource(place, {}).fetch(None)
    await place.close()


@pytest.mark.parametrize(
    ("name", "said"), [("x/b.yaml", "a ConfigMap has no folders"), ("/b.yaml", "no folders"), ("b.yaml", "not there")]
)
async def test_includes_are_keys_beside_it(api: KubernetesAPI, source: DocumentSource, name: str, said: str) -> None:
    await api.put("routeiq", {"c.yaml": f"include: [{name}]\n"})
    with pytest.raises(ConfigurationError, match=said):
        await source.fetch(None)


async def test_a_key_that_is_missing_is_a_failure(api: KubernetesAPI, source: DocumentSource) -> None:
    await api.put("routeiq", {"d.yaml": "a: 1\n"})
    with pytest.raises(SourceFailed, match=r"configmap ns/routeiq/c\.yaml: is not there"):
        await source.fetch(None)
