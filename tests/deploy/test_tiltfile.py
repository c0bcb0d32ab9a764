"""The Tiltfile asks Tilt for each service: an image, live updates of its source, a resource. Tilt itself is not run."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
import starlark

from tests.support.chart import ROOT, SERVICES
from tests.support.tiltfile import Tilt, run
from tools.check_isolation import SHARED
from tools.images.__main__ import _parser

TEXT = (ROOT / "Tiltfile").read_text()
STORES = ("postgres", "redis", "nats")
COPY = "/tmp/program/routeiq/"


@pytest.fixture(scope="module")
def tilt() -> Tilt:
    return run(TEXT)


def workloads(tilt: Tilt) -> dict[str, Any]:
    return {
        one["metadata"]["name"]: one for one in tilt.objects() if one["kind"] in ("Deployment", "StatefulSet", "Job")
    }


def containers(one: Any) -> list[Any]:
    return list(one["spec"]["template"]["spec"]["containers"])


def steps(image: Any, kind: str) -> list[Any]:
    return [one for one in image["live_update"] if one["step"] == kind]


def test_the_interpreter_refuses_what_tilt_does_not_have() -> None:
    with pytest.raises(starlark.StarlarkError, match="docker_bild"):
        run("docker_bild('x')")


def test_each_service_has_an_image_and_a_resource(tilt: Tilt) -> None:
    assert tilt.images().keys() == {f"localhost/routeiq-{service}" for service in SERVICES}
    for service in SERVICES:
        resource = tilt.resources()[f"routeiq-{service}"]
        assert (resource["new_name"], resource["labels"]) == (service, ["services"])


def test_every_workload_of_the_chart_is_a_resource_and_nothing_else_is(tilt: Tilt) -> None:
    assert tilt.resources().keys() == workloads(tilt).keys()
    assert {*SERVICES, *STORES, "keys", "migrate"} == {one["new_name"] for one in tilt.resources().values()}


def test_what_a_resource_waits_for_is_one(tilt: Tilt) -> None:
    names = {one["new_name"] for one in tilt.resources().values()}
    waited = {one["new_name"]: set(one["resource_deps"]) for one in tilt.resources().values()}
    assert all(others <= names for others in waited.values())
    assert waited["migrate"] == {"keys", "postgres"}
    while waited:
        free = {name for name, others in waited.items() if not others & waited.keys()}
        assert free, f"a ring: {waited}"
        waited = {name: others for name, others in waited.items() if name not in free}


def test_images_are_those_of_the_rendered_containers(tilt: Tilt) -> None:
    ours = {
        str(container["image"]).rpartition(":")[0] for one in workloads(tilt).values() for container in containers(one)
    }
    assert {image for image in ours if "/routeiq-" in image} == tilt.images().keys()


def test_the_chart_and_its_values_are_in_the_checkout(tilt: Tilt) -> None:
    (call,) = tilt.calls["helm"]
    assert (ROOT / call["0"] / "Chart.yaml").is_file()
    assert all((ROOT / file).is_file() for file in call["values"])


def test_the_namespace_of_the_chart_is_made(tilt: Tilt) -> None:
    made = {one["metadata"]["name"] for one in tilt.objects() if one["kind"] == "Namespace"}
    used = {one["metadata"]["namespace"] for one in tilt.objects() if one["kind"] != "Namespace"}
    assert made == used == {"routeiq"}


def test_watched_paths_are_in_the_checkout(tilt: Tilt) -> None:
    for image in tilt.images().values():
        assert [path for path in image["deps"] if not (ROOT / path).exists()] == []


def test_a_live_update_puts_what_is_watched_where_the_copy_has_it(tilt: Tilt) -> None:
    for image in tilt.images().values():
        for step in steps(image, "sync"):
            assert step["0"] in image["deps"]
            assert step["1"] == COPY + step["0"].removeprefix("services/routeiq/")
        rebuilt = {path for step in steps(image, "fall_back_on") for path in step["0"]}
        assert rebuilt | {step["0"] for step in steps(image, "sync")} == set(image["deps"])


def test_steps_stand_in_the_order_that_tilt_takes(tilt: Tilt) -> None:
    for image in tilt.images().values():
        kinds = [step["step"] for step in image["live_update"]]
        assert kinds == ["fall_back_on"] + ["sync"] * (len(kinds) - 2) + ["run"]


def test_each_service_gets_what_it_shares_and_its_own(tilt: Tilt) -> None:
    for service in SERVICES:
        updated = {step["0"] for step in steps(tilt.images()[f"localhost/routeiq-{service}"], "sync")}
        parts = {*SHARED, "__init__.py", "cli", service.replace("-", "_")}
        assert updated == {f"services/routeiq/{part}" for part in parts}


def test_after_it_the_service_is_started_anew_by_who_started_it(tilt: Tilt) -> None:
    for image in tilt.images().values():
        (step,) = steps(image, "run")
        assert step["0"] == [*image["entrypoint"], "--again"]


def test_its_entry_point_is_in_the_base_of_the_images(tilt: Tilt) -> None:
    copied = (ROOT / "deploy/tilt/Dockerfile").read_text()
    for image in tilt.images().values():
        assert f"COPY --chown=0:0 reloading.py {image['entrypoint'][-1]}\n" in copied


def test_the_copy_is_where_a_pod_may_write(tilt: Tilt) -> None:
    for service in SERVICES:
        (container,) = containers(workloads(tilt)[f"routeiq-{service}"])
        assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]


def test_forwarded_ports_are_open_in_the_pod_and_taken_once(tilt: Tilt) -> None:
    taken = []
    for name, resource in tilt.resources().items():
        ports = {port["containerPort"] for one in containers(workloads(tilt)[name]) for port in one.get("ports", ())}
        for forward in resource.get("port_forwards", ()):
            assert forward["1"] in ports, name
            taken.append(forward["0"])
    assert 4000 in taken
    assert len(taken) == len(set(taken))


def test_a_job_is_not_run_again_by_each_saved_file(tilt: Tilt) -> None:
    for name, one in workloads(tilt).items():
        assert (tilt.resources()[name].get("trigger_mode") == "manual") == (one["kind"] == "Job"), name


def test_images_are_made_one_at_a_time_because_they_share_folders(tilt: Tilt) -> None:
    assert tilt.calls["update_settings"] == [{"max_parallel_updates": 1}]


@pytest.mark.parametrize("service", SERVICES)
def test_the_command_that_builds_is_one_that_the_tool_takes(tilt: Tilt, service: str) -> None:
    base, made, tagged = tilt.images()[f"localhost/routeiq-{service}"]["command"].split(" && ")
    given = _parser().parse_args(made.partition("tools.images ")[2].split())
    assert (given.services, given.engine, given.plain) == ([service], "docker", True)
    assert f" {given.base} " in base
    assert (ROOT / base.split()[-1] / "Dockerfile").is_file()
    assert tagged == f"docker tag {given.registry}/routeiq-{service}:{given.tag} $EXPECTED_REF"


def test_the_command_is_one_for_a_shell(tilt: Tilt) -> None:
    for image in tilt.images().values():
        subprocess.run(["sh", "-n", "-c", image["command"]], check=True)
