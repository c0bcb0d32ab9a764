"""`routeiq artifact` from keygen to rollback: against a fleet of processes that loads nothing unsigned, and against
`routeiq up`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from routeiq.routing.embedders import ENCODER_FILE, TOKENIZER_FILE, OnnxEncoder, default_encoder_dir
from routeiq.routing.settings import SHIPPED_ARTIFACT
from tests.support.fleet import HEADERS, KEY, LIKE, ROUTEIQ, Fleet, fleet_in
from tests.support.routing import MODELS, write_static_artifact
from tests.support.servers.nats import NATS
from tests.support.suite import Suite, running
from tests.support.waiting import PATIENCE_S

SERVICES = ("routing", "config-sync", "gateway")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`a`, in whose opinion the first model is the best, and `b`, the second; a key."""
    made = tmp_path_factory.mktemp("artifacts")
    where = default_encoder_dir()
    encoder = OnnxEncoder.load(where / ENCODER_FILE, where / TOKENIZER_FILE, 2)
    for name, quality in (("a", (0.9, 0.1)), ("b", (0.1, 0.9))):
        names = zip(LIKE.values(), quality, strict=True)
        models = [MODELS[0].model_copy(update={"name": like, "mean_quality": one}) for like, one in names]
        write_static_artifact(made / name, encoder, models=models)
    assert routeiq(made, "keygen", "signing.key").returncode == 0
    return made


@pytest.fixture(scope="module")
def fleet(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    place = tmp_path_factory.mktemp("fleet")
    with NATS() as nats, fleet_in(place) as made:
        made.environ |= {
            "ROUTEIQ_NATS_URL": nats.url,
            "ROUTEIQ_ROUTING_ARTIFACT_PUBLIC_KEYS": str(folder / "signing.key.pub"),
            "ROUTEIQ_ROUTING_CACHE_DIR": str(place / "cache"),
            "ROUTEIQ_GATEWAY_CONFIG_SYNC_URL": made.url_of("config-sync"),
            "ROUTEIQ_CONFIG_SYNC_ROUTING_ADDRESS": f"127.0.0.1:{made.ports['routing']}",
            "ROUTEIQ_CONFIG_SYNC_IDENTITY_KEY": str(place / "identity.key"),
            "LITELLM_CONFIG_PATH": str(place / "config.yaml"),
        }
        for service in SERVICES:
            made.start(service)
        for service in SERVICES:
            made.wait(service)
        yield made


def routeiq(
    folder: Path, *arguments: str, url: str = "http://127.0.0.1:1", key: str = KEY
) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "ROUTEIQ_URL": url, "ROUTEIQ_KEY": key}
    command = [str(ROUTEIQ), "artifact", *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=110)


def done(folder: Path, fleet: Fleet, *arguments: str) -> str:
    """What it printed. It must have succeeded."""
    found = routeiq(folder, *arguments, url=fleet.url)
    assert found.returncode == 0, found.stderr + fleet.log_of("config-sync")
    return found.stdout


def refused(folder: Path, fleet: Fleet, *arguments: str, key: str = KEY) -> str:
    """What it said of it, in one piece and without a traceback."""
    found = routeiq(folder, *arguments, url=fleet.url, key=key)
    assert (found.returncode, found.stdout) == (1, "")
    assert "Traceback" not in found.stderr
    return found.stderr


def id_of(folder: Path, name: str) -> str:
    return str(json.loads((folder / name / "manifest.json").read_text())["artifact_id"])


def served(fleet: Fleet, artifact_id: str, model: str) -> None:
    """Wait until answers come from it."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        answer = fleet.chat(f"What is {time.monotonic()}?")
        assert answer.status_code == 200
        if answer.headers.get("x-routeiq-artifact") == artifact_id:
            assert answer.headers["x-routeiq-model"] == model
            return
        time.sleep(0.1)
    raise AssertionError(fleet.log_of("routing") + fleet.log_of("config-sync"))


def test_from_keygen_to_rollback(folder: Path, fleet: Fleet) -> None:
    a, b = id_of(folder, "a"), id_of(folder, "b")
    assert "No artifact was pushed" in done(folder, fleet, "list")
    assert "it is not signed" in refused(folder, fleet, "push", "a")
    for name in ("a", "b"):
        assert done(folder, fleet, "sign", name, "--key", "signing.key").strip() == id_of(folder, name)
    assert f"{a} pushed, signed by key" in done(folder, fleet, "push", "a")
    assert f"{a} is there already" in done(folder, fleet, "push", "a")
    assert json.loads(done(folder, fleet, "promote", a[:10], "--json"))["artifact_id"] == a
    served(fleet, a, "first")
    moved = json.loads(done(folder, fleet, "push", "b", "--promote", "--json"))["promoted"]
    assert (moved["artifact_id"], moved["previous_artifact_id"]) == (b, a)
    served(fleet, b, "second")
    listing = json.loads(done(folder, fleet, "list", "--json"))
    assert listing["wanted"] == b
    assert [(one["artifact_id"], one["wanted"]) for one in listing["artifacts"]] == [(b, True), (a, False)]
    assert f"candidates[{LIKE['first']}].mean_quality: 0.9 -> 0.1" in done(folder, fleet, "diff", a, b)
    assert f"{a} is wanted" in done(folder, fleet, "rollback")
    served(fleet, a, "first")
    assert done(folder, fleet, "list").splitlines()[2].startswith(f"* {a[:12]}")


def test_what_cannot_be_done_is_said(folder: Path, fleet: Fleet, tmp_path: Path) -> None:
    assert "There is no artifact" in refused(folder, fleet, "promote", "0" * 64)
    assert "begin with 'zz'" in refused(folder, fleet, "promote", "zz")
    assert "HTTP 401" in refused(folder, fleet, "list", key="sk-wrong")
    shutil.copytree(folder / "a", tmp_path / "a")
    (tmp_path / "a" / "golden.json").write_bytes(b"[]")
    assert "golden.json does not have" in refused(tmp_path, fleet, "push", "a")
    assert "No suite answers at" in routeiq(folder, "list").stderr


def test_a_body_that_is_no_artifact_is_refused(fleet: Fleet) -> None:
    for content in (b"", b"x" * 2000):
        answer = httpx.post(f"{fleet.url}/router/artifacts", headers=HEADERS, content=content, timeout=PATIENCE_S)
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "artifact_invalid"
    assert httpx.get(f"{fleet.url}/router/artifacts", timeout=PATIENCE_S).status_code == 401


def test_what_the_document_names_counts(folder: Path, fleet: Fleet) -> None:
    """A directory of its own machine, which all are sent; and nothing is promoted over it."""
    b = id_of(folder, "b")
    path = fleet.folder / "config.yaml"
    before = json.loads(path.read_text())
    path.write_text(json.dumps({**before, "routeiq": {**before["routeiq"], "artifact": str(folder / "b")}}))
    answer = httpx.post(f"{fleet.url}/config/reload", headers=HEADERS, json={}, timeout=60)
    assert (answer.status_code, answer.json()["errors"]) == (200, [])
    served(fleet, b, "second")
    for command in (("promote", id_of(folder, "a")), ("rollback",)):
        assert "The document names an artifact" in refused(folder, fleet, *command)
    served(fleet, b, "second")


def beside(suite: Suite, *arguments: str) -> str:
    """A command in the suite's own folder, where it finds URL and key by itself. What it printed."""
    env = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "PYTHONPATH")}
    command = [str(ROUTEIQ), "artifact", *arguments]
    found = subprocess.run(command, cwd=suite.data_dir.parent, env=env, capture_output=True, text=True, timeout=110)
    assert found.returncode == 0, found.stderr + suite.said
    return found.stdout


def decided_by(suite: Suite, artifact_id: str) -> None:
    """Wait until `auto` answers from it."""
    end = time.monotonic() + PATIENCE_S
    found = ""
    while time.monotonic() < end and found != artifact_id:
        question = {"role": "user", "content": f"What is 2 + {time.monotonic()}?"}
        body = {"model": "auto", "max_tokens": 1, "messages": [question]}
        answer = httpx.post(
            f"{suite.url}/v1/chat/completions",
            json=body,
            headers={"authorization": f"Bearer {suite.key}"},
            timeout=PATIENCE_S,
        )
        found = answer.headers.get("x-routeiq-artifact", "")
        time.sleep(0.1)
    assert found == artifact_id, suite.said


def test_a_suite_on_one_machine_keeps_what_was_promoted(folder: Path, tmp_path: Path) -> None:
    own = id_of(SHIPPED_ARTIFACT.parent, "default")
    a = id_of(folder, "a")
    with running(tmp_path) as suite:
        decided_by(suite, own)
        assert f"{a} is wanted" in beside(suite, "push", str(folder / "a"), "--promote")
        decided_by(suite, a)
    with running(tmp_path) as suite:
        decided_by(suite, a)
        assert "each replica's own is wanted" in beside(suite, "rollback")
        decided_by(suite, own)
