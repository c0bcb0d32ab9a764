"""The images of the six services, each started as a pod would be, but without a cluster."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cluster.support.figures import Note
from tests.support.containers import USER, Image, missing, opened, running
from tests.support.fleet import Fleet, fleet_in
from tools.images import services
from tools.images.locks import normalise

MIB = 2**20
GATEWAY_MIB = 250
READY_S = 30.0
"""Generous: it is 3 s on an idle machine."""
TOOLS = {
    *(
        "apt",
        "apt-get",
        "ash",
        "bash",
        "busybox",
        "cc",
        "curl",
        "dash",
        "dpkg",
        "env",
        "g++",
        "gcc",
        "ld",
        "make",
        "perl",
    ),
    *("pip", "pip3", "rbash", "sh", "uv", "wget", "x86_64-linux-gnu-gcc"),
}
FOREIGN = {"torch", "litellm", "sentence_transformers", "sklearn", "pytest", "mypy", "setuptools", "pip"}

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"no image can be run here: {missing()}")


@pytest.fixture(scope="module", params=services.ALL)
def image(request: pytest.FixtureRequest) -> Iterator[Image]:
    with opened(f"localhost/routeiq-{request.param}:test") as found:
        yield found


def service_of(image: Image) -> str:
    return image.name.rpartition("routeiq-")[2].partition(":")[0]


def packages(image: Image) -> set[str]:
    """Names that can be imported."""
    return {
        path.stem for layer in ("common", "libraries", "program") for path in image.root.glob(f"opt/routeiq/{layer}/*")
    }


def test_image_has_no_shell_compiler_or_installer(image: Image) -> None:
    folders = [image.root / one for one in ("bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin")]
    found = {path.name for folder in folders if folder.is_dir() for path in folder.iterdir()}
    assert not found & TOOLS
    assert "python3" in found


def test_image_has_no_library_of_another_kind(image: Image) -> None:
    found = packages(image)
    assert not found & FOREIGN
    assert ("onnxruntime" in found) == (service_of(image) == "routing")
    assert ("sqlalchemy" in found) == (service_of(image) == "control")
    assert ("kubernetes" in found) == (service_of(image) == "config-sync")


def test_only_state_belongs_to_the_user(image: Image) -> None:
    """Nothing of the rest can be written by it: it is root's, and nobody else may."""
    writable = [
        path
        for path in image.root.rglob("*")
        for stat in [path.lstat()]
        if not path.is_symlink() and (stat.st_uid == USER or stat.st_mode & 0o002)
    ]
    shared = {image.root / one for one in ("tmp", "var/tmp", "run/lock", "var/lock", "var/lib/routeiq")}
    assert set(writable) <= shared


def test_gateway_is_small(image: Image, note: Note) -> None:
    size = image.size() / MIB
    note(f"{size:.1f} MiB")
    if service_of(image) == "gateway":
        assert size <= GATEWAY_MIB


def test_bill_of_materials_names_every_distribution(image: Image) -> None:
    bill = json.loads((image.root / image.labels["routeiq.sbom"].lstrip("/")).read_text())
    named = {one["name"] for one in bill["packages"]}
    found = {normalise(path.name.split("-")[0]) for path in image.root.glob("opt/routeiq/*/*.dist-info")}
    assert found
    assert {normalise(name) for name in named} >= found
    assert {"libc6", "python3.11-minimal"} <= named


@pytest.fixture(name="fleet")
def fleet_of_the_user(tmp_path: Path) -> Iterator[Fleet]:
    """Its files are the containers' user's, and nobody else's."""
    with fleet_in(tmp_path) as made:
        for path in (tmp_path, *tmp_path.rglob("*")):
            os.chown(path, USER, USER)
        yield made


@contextlib.contextmanager
def started(image: Image, fleet: Fleet) -> Iterator[float]:
    """A service of the fleet, in its container. Yields: how long it took to be ready."""
    service = service_of(image)
    begun = time.monotonic()
    with running(image, ["serve", service], fleet.environ_of(service), {fleet.folder: str(fleet.folder)}) as child:
        url = f"{fleet.url_of(f'{service}-ops')}/_health/ready"
        while time.monotonic() - begun < READY_S:
            assert child.poll() is None, f"{service} ended with {child.returncode}"
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(url).status_code == 200:
                    break
            time.sleep(0.02)
        else:
            raise AssertionError(f"{service} was not ready in {READY_S} s")
        yield time.monotonic() - begun


@pytest.mark.timeout(60)
def test_service_is_ready_with_a_read_only_root(image: Image, fleet: Fleet, note: Note) -> None:
    with started(image, fleet) as seconds:
        note(f"ready after {seconds:.2f} s")


@pytest.mark.timeout(120)
def test_gateway_is_compiled_and_asks_routing_for_its_choice(fleet: Fleet) -> None:
    with contextlib.ExitStack() as held:
        for name in ("routing", "gateway"):
            image = held.enter_context(opened(f"localhost/routeiq-{name}:test"))
            held.enter_context(started(image, fleet))
        metrics = httpx.get(f"{fleet.url_of('gateway-ops')}/metrics").text
        assert 'compiled="true"' in metrics
        end = time.monotonic() + READY_S
        while "x-routeiq-fallback" in (answer := fleet.chat()).headers and time.monotonic() < end:
            time.sleep(0.1)
        assert answer.status_code == 200
        assert float(answer.headers["x-routeiq-confidence"]) > 0
