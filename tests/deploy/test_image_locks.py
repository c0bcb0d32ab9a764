"""What an image is given is what its extra needs, at the versions and with the hashes of the lock."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution

import pytest
from packaging.requirements import Requirement

from tools.images import locks, services
from tools.images.locks import LockError

LOCK = """\
aiohttp==3.1 \\
    --hash=sha256:aa \\
    --hash=sha256:ab
    # via
    #   -c requirements/.together.txt
    #   routeiq (pyproject.toml)
    #   Kube_Client
kube-client==2.0 ; sys_platform == 'linux' \\
    --hash=sha256:ba
    # via routeiq (pyproject.toml)
yarl==1.0 \\
    --hash=sha256:ca
    # via aiohttp
"""


def names(found: list[locks.Pinned]) -> list[str]:
    return [one.name for one in found]


def test_closure_has_what_the_roots_require_and_no_more() -> None:
    lock = locks.parse(LOCK)
    assert names(locks.closure(lock, ["yarl"])) == ["yarl"]
    assert names(locks.closure(lock, ["aiohttp"])) == ["aiohttp", "yarl"]
    assert names(locks.closure(lock, ["kube.client"])) == ["aiohttp", "kube-client", "yarl"]


def test_text_keeps_versions_markers_and_hashes_without_comments() -> None:
    kept = locks.text(locks.closure(locks.parse(LOCK), ["kube-client"]))
    assert kept == "\n".join(line for line in LOCK.splitlines() if not line.strip().startswith("#")) + "\n"


def test_every_version_is_kept_where_pythons_have_their_own() -> None:
    lines = ["numpy==1.0 ; python_full_version < '3.12' \\", "    --hash=sha256:a", "    # via scipy"]
    lines += ["numpy==2.0 ; python_full_version >= '3.12' \\", "    --hash=sha256:b", "    # via onnx"]
    found = locks.parse("\n".join(lines))["numpy"]
    assert found.text.splitlines() == [line for line in lines if "via" not in line]
    assert found.wanted_by == {"scipy", "onnx"}


def test_requirement_without_a_line_is_named() -> None:
    with pytest.raises(LockError, match="not in the lock: httpx; run `make lock`"):
        locks.closure(locks.parse(LOCK), ["yarl", "httpx"])


def test_line_without_a_version_is_refused() -> None:
    with pytest.raises(LockError, match="not a pinned requirement: aiohttp>=3"):
        locks.parse("aiohttp>=3\n")


@pytest.mark.parametrize("name", services.ALL)
def test_every_library_of_an_image_finds_its_requirements_there(name: str) -> None:
    """As the installed distributions declare them, so that a mistake in reading the lock's comments shows."""
    wanted = services.libraries(services.ALL[name])
    given = {one.name for one in (*wanted.common, *wanted.own)}
    lacking = {required for one in given for required in required_by(one)} - given
    assert not lacking


def required_by(name: str) -> set[str]:
    """Here, without its extras. What is not installed is for another platform."""
    try:
        declared = distribution(name).requires or []
    except PackageNotFoundError:
        return set()
    parsed = [Requirement(one) for one in declared]
    return {locks.normalise(one.name) for one in parsed if one.marker is None or one.marker.evaluate({"extra": ""})}


@pytest.mark.parametrize("name", services.ALL)
def test_no_image_has_what_belongs_to_another_service(name: str) -> None:
    wanted = services.libraries(services.ALL[name])
    given = {one.name for one in (*wanted.common, *wanted.own)}
    owners = {
        "aiohttp": {"gateway", "control", "config-sync"},  # to the last the Kubernetes client brings it
        "kubernetes": {"config-sync"},
        "onnxruntime": {"routing"},
        "sqlalchemy": {"control"},
    }
    assert {one for one, allowed in owners.items() if name in allowed} == given & owners.keys()
    assert not given & {"torch", "litellm", "pip", "setuptools", "mypy", "onnx", "scikit-learn"}


def test_only_the_variant_has_litellm() -> None:
    plain = services.libraries(services.ALL["gateway"])
    variant = services.libraries(services.ALL["gateway"], litellm=True)
    assert "litellm" in names(variant.own)
    assert "litellm" not in names(plain.own)
    assert names(variant.common) == names(plain.common)


def test_layers_have_no_library_twice() -> None:
    wanted = services.libraries(services.ALL["control"])
    assert wanted.own
    assert not set(names(wanted.own)) & set(names(wanted.common))
