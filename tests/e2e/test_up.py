"""`routeiq up` as a user meets it: keys, ports, data directories, and how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from routeiq.routing.settings import SHIPPED_ARTIFACT
from tests.support.suite import ROUTEIQ, Suite, launch, running
from tests.support.waiting import LONGER_S, PATIENCE_S

GIVEN = "sk-given-by-the-environment"


def keys_show(folder: Path, which: str = "show") -> str:
    done = subprocess.run([str(ROUTEIQ), "keys", which], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def nats_pid(suite: Suite) -> int:
    """The child of this suite."""
    found = subprocess.run(
        ["pgrep", "-P", str(suite.process.pid), "nats-server"], capture_output=True, text=True, check=True
    )
    return int(found.stdout)


def alive(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def wait_gone(pid: int) -> bool:
    end = time.monotonic() + PATIENCE_S
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(pid)


def test_the_key_is_made_once_shown_once_and_found_again(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        key = first.key
        assert first.said.count(f"key:    {key}") == 1
        assert stat.S_IMODE((first.data_dir / "master.key").stat().st_mode) == 0o600
        assert first.get("/v1/models", key=key)[0] == 200
    (tmp_path / "output.txt").unlink()
    with running(tmp_path) as second:
        assert second.key == key == keys_show(tmp_path)
        assert key not in second.said


def test_a_service_key_is_made_and_counts_on_its_paths_alone(suite: Suite) -> None:
    key = keys_show(suite.data_dir.parent, "service")
    assert key != suite.key
    assert key not in suite.said
    seen = {}
    for path, headers in {
        "/api/v1/providers": {"X-Service-Key": key},
        "/api/v1/overrides": {"X-Service-Key": f"{key}x"},
        "/v1/models": {"X-Service-Key": key},
        "/audit": {"X-Service-Key": key},
    }.items():
        try:
            with urllib.request.urlopen(
                urllib.request.Request(suite.url + path, headers=headers), timeout=PATIENCE_S
            ) as answer:
                seen[path] = answer.status
        except urllib.error.HTTPError as error:
            with error:
                seen[path] = error.code
    assert seen.pop("/api/v1/providers") != 401
    assert set(seen.values()) == {401}


def test_a_given_key_is_kept(tmp_path: Path) -> None:
    with running(tmp_path, environ={"LITELLM_MASTER_KEY": GIVEN}) as first:
        assert first.get("/v1/models", key=GIVEN)[0] == 200
        assert GIVEN not in first.said
    assert keys_show(tmp_path) == GIVEN


@pytest.mark.parametrize("key", ["sk-1234", "sk-master-key", ""])
def test_a_well_known_key_is_refused(tmp_path: Path, key: str) -> None:
    refused = launch(tmp_path, environ={"LITELLM_MASTER_KEY": key})
    assert refused.process.wait(20) == 1
    assert "LITELLM_MASTER_KEY" in refused.said
    assert "Traceback" not in refused.said


def test_two_suites_run_side_by_side(suite: Suite, tmp_path: Path) -> None:
    with running(tmp_path) as other:
        assert not set(other.endpoints.values()) & set(suite.endpoints.values())
        assert other.get("/v1/models", key=suite.key)[0] == 401


def test_endpoints_name_every_service(suite: Suite) -> None:
    assert {"gateway", "routing", "control", "a2a-registry", "mcp-registry", "config-sync", "nats"} <= set(
        suite.endpoints
    )
    assert suite.endpoints["gateway"].startswith("http://")
    assert "//" not in suite.endpoints["routing"]


def test_a_data_directory_in_use_is_said(suite: Suite) -> None:
    second = launch(suite.data_dir.parent / "elsewhere", "--data-dir", str(suite.data_dir))
    assert second.process.wait(20) == 1
    assert "in use by another suite" in second.said
    assert suite.get("/_health/ready")[0] == 200
    assert (suite.data_dir / "endpoints.json").exists()


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = launch(tmp_path, "--port", port)
        assert refused.process.wait(20) == 1
        assert f"Port {port}" in refused.said
        assert "Traceback" not in refused.said


def test_ctrl_c_ends_it_cleanly(tmp_path: Path) -> None:
    with running(tmp_path) as started:
        child = nats_pid(started)
        assert started.stop() == 0
        assert wait_gone(child)
        assert not (started.data_dir / "endpoints.json").exists()
        assert "Traceback" not in started.said


def test_kill_9_takes_the_children_along_and_the_next_start_works(tmp_path: Path) -> None:
    with running(tmp_path) as started:
        child = nats_pid(started)
        assert os.getpgid(child) != os.getpgid(started.process.pid)
        started.process.send_signal(signal.SIGKILL)
        started.process.wait(10)
        assert wait_gone(child)
    with running(tmp_path) as again:
        assert again.get("/_health/ready")[0] == 200


def test_nats_is_started_again_when_it_dies(tmp_path: Path) -> None:
    with running(tmp_path) as started:
        os.kill(nats_pid(started), signal.SIGKILL)
        end = time.monotonic() + PATIENCE_S
        address = started.endpoints["nats"].removeprefix("nats://").rsplit(":", 1)
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection((address[0], int(address[1])), 1):
                return
            time.sleep(0.1)
        pytest.fail("nats did not come back at its address")


def test_a_database_of_anybodys_is_not_touched(tmp_path: Path) -> None:
    with running(tmp_path, environ={"DATABASE_URL": f"sqlite:///{tmp_path}/theirs.db"}) as started:
        assert "warning: DATABASE_URL is not used here" in started.said
        assert (started.data_dir / "control.db").exists()
    assert not (tmp_path / "theirs.db").exists()


def test_a_database_that_is_not_its_own_is_migrated_only_if_that_is_said(tmp_path: Path) -> None:
    theirs = {"ROUTEIQ_CONTROL_DATABASE_URL": f"sqlite:///{tmp_path}/theirs.db"}
    refusing = launch(tmp_path, environ=theirs)
    end = time.monotonic() + LONGER_S
    while "database.not_migrated" not in refusing.said and time.monotonic() < end:
        time.sleep(0.1)
    assert refusing.stop() == 0
    assert "ROUTEIQ_CONTROL_MIGRATE=true" in refusing.said
    with running(tmp_path, environ={**theirs, "ROUTEIQ_CONTROL_MIGRATE": "true"}) as started:
        assert f"database: sqlite:///{tmp_path}/theirs.db" in started.said


def test_a_missing_variable_is_named(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(
        "model_list:\n- model_name: a\n  litellm_params: {model: openai/x, api_key: os.environ/NO_SUCH_KEY}\n"
    )
    refused = launch(tmp_path, "--config", str(config))
    assert refused.process.wait(20) == 1
    assert "NO_SUCH_KEY" in refused.said
    assert "c.yaml:3" in refused.said


@pytest.mark.parametrize("edited", [False, True])
def test_a_bad_artifact_is_said_before_a_key_is_made(tmp_path: Path, edited: bool) -> None:
    artifact = tmp_path / "artifact"
    if edited:
        shutil.copytree(SHIPPED_ARTIFACT, artifact)
        manifest = (artifact / "manifest.json").read_text()
        (artifact / "manifest.json").write_text(manifest.replace("qwen2.5-7b-instruct", "mine"))
    refused = launch(tmp_path, "--artifact", str(artifact))
    assert refused.process.wait(30) == 1
    assert refused.said.startswith(f"artifact {artifact} is invalid: manifest.json")
    assert refused.said.count("\n") == 1
    assert not (refused.data_dir / "master.key").exists()


def test_the_front_page_and_the_docs_are_there(suite: Suite) -> None:
    assert b"RouteIQ" in suite.get("/")[1]
    assert suite.get("/docs")[0] == 200
    paths = json.loads(suite.get("/openapi.json")[1])["paths"]
    assert "/v1/chat/completions" in paths
