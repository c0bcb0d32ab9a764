"""Router artifacts that decide differently: the shipped one, with the names of two of its models exchanged."""

from __future__ import annotations

import contextlib
import itertools
import random
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pyarrow.parquet as pq
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from routeiq.clients.artifact_parts import SIGNATURE, read_folder
from routeiq.clients.artifact_tar import pack
from routeiq.kit.signatures import sign
from routeiq.routing.artifact import read_manifest
from routeiq.routing.settings import SHIPPED_ARTIFACT
from tests.support.artifacts import edit
from tests.support.rolling.documents import Document, written
from tests.support.rolling.settings import ALONE, ITS_ROUTING
from tests.support.rolling.world import World

MODELS = ("gemma-2-9b-it", "llama-3.1-nemotron-51b-instruct", "llama-3.1-8b-instruct", "qwen2.5-7b-instruct")
_DATA = Path(__file__).resolve().parents[2] / "data" / "routing" / "multi_tasks.parquet"
COMMON, NEW_EVERY = 39, 9
"""Prompts that come again and again, and how often another one comes; all of them to every gateway."""
MOST_CHARS = 120
"""Of a prompt: an encoder that cannot keep up is not what this is about."""


def variants(folder: Path, count: int) -> list[Path]:
    """Directories of `count` artifacts, unsigned, each with an id and choices of its own."""
    return [_variant(folder / f"artifact-{number}", *pair) for number, pair in enumerate(_pairs()[:count])]


def _pairs() -> list[tuple[str, str]]:
    return list(itertools.combinations(MODELS, 2))


def _variant(directory: Path, one: str, other: str) -> Path:
    exchanged = {one: other, other: one}

    def change(manifest: Document) -> None:
        for candidate in manifest["candidates"]:  # type: ignore[attr-defined]
            candidate["name"] = exchanged.get(candidate["name"], candidate["name"])

    shutil.copytree(SHIPPED_ARTIFACT, directory)
    edit(directory, change)  # type: ignore[no-untyped-call]
    return directory


def for_auto() -> Document:
    """Sections of a document with a simulated deployment for each model that the artifacts disagree about."""
    params = {"tokens_per_second": 0, "ttft_ms": 0}
    models = [
        {
            "model_name": name,
            "litellm_params": {"model": f"simulated/{name}", **params},
            "model_info": {"routeiq": {"like": name}},
        }
        for name in MODELS
    ]
    return {"model_list": models, "routeiq": {"auto": {"fallback": MODELS[0], "deadline_ms": 5000}}}


def sign_with(key: Ed25519PrivateKey, directory: Path) -> None:
    (directory / SIGNATURE).write_bytes(sign(read_manifest(directory).canonical(), key))


def push(world: World, directory: Path) -> str:
    """Signed with the key that the routings trust. Returns: its id."""
    sign_with(world.key, directory)
    answer = world.api.send("/router/artifacts", pack(read_folder(directory)))
    assert answer["status"] == "success", answer
    return str(answer["artifact_id"])


def promote(world: World, artifact_id: str) -> None:
    answer = world.api.ask("POST", f"/router/artifacts/{artifact_id}/promote")
    assert answer.get("status") == "success", answer


@contextlib.contextmanager
def alone(world: World, directory: Path) -> Iterator[str]:
    """The URL of a gateway whose one routing service has this artifact and never another one."""
    (world.fleet.folder / "alone.yaml").write_bytes(written(for_auto()))
    world.fleet.own[ITS_ROUTING]["ROUTEIQ_ROUTING_ARTIFACT_DIR"] = str(directory)
    try:
        world.start(ITS_ROUTING, ALONE)
        yield world.fleet.url_of(ALONE)
    finally:
        for name in (ALONE, ITS_ROUTING):
            if name in world.fleet.processes:
                world.kill(name)


def prompts() -> Callable[[int], str]:
    """The prompt of a request by its number: now and then a new one, the others are few."""
    table = pq.read_table(_DATA, columns=["prompt"]).to_pydict()["prompt"]
    short = [text for text in table if len(text) <= MOST_CHARS]
    texts = random.Random(5).sample(short, len(short))

    def prompt(number: int) -> str:
        if number % NEW_EVERY:
            return texts[number % COMMON]
        return f"{texts[COMMON + number // NEW_EVERY % (len(texts) - COMMON)]} ({number})"

    return prompt


def asking(prompt: Callable[[int], str]) -> Callable[[int], Mapping[str, object]]:
    def body(number: int) -> Mapping[str, object]:
        return {"model": "auto", "max_tokens": 1, "messages": [{"role": "user", "content": prompt(number)}]}

    return body
