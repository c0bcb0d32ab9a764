"""What every Dockerfile here keeps to: it runs nothing, as nobody in particular, and takes its base by name."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tools.images import making, services

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILES = sorted((ROOT / "deploy").rglob("*Dockerfile"))
Line = tuple[str, str]


def instructions(file: Path) -> list[Line]:
    """Each with its argument, continued lines joined, comments left out."""
    text = "\n".join(line for line in file.read_text().splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n", " ", text)
    return [(word, rest.strip()) for line in joined.splitlines() if line for word, _, rest in [line.partition(" ")]]


def arguments(found: list[Line], word: str) -> list[str]:
    return [rest for one, rest in found if one == word]


@pytest.fixture(name="suite")
def of_the_services() -> list[Line]:
    return instructions(making.DOCKERFILE)


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.name)
class TestEach:
    def test_nothing_runs_while_it_is_built(self, file: Path) -> None:
        """So it needs no shell, no network and no emulator, and leaves no tool behind."""
        assert not {word for word, _ in instructions(file)} & {"RUN", "ONBUILD", "SHELL"}

    def test_last_user_is_the_unprivileged_one(self, file: Path) -> None:
        assert arguments(instructions(file), "USER")[-1:] == ["10001:10001"]

    def test_programs_are_started_without_a_shell(self, file: Path) -> None:
        found = instructions(file)
        for given in arguments(found, "ENTRYPOINT") + arguments(found, "CMD"):
            assert all(isinstance(one, str) for one in json.loads(given))

    def test_files_have_a_stated_owner(self, file: Path) -> None:
        for given in arguments(instructions(file), "COPY"):
            assert re.match(r"--chown=(0:0|10001:10001) ", given)


def test_base_and_service_are_arguments(suite: list[Line]) -> None:
    assert suite[0] == ("ARG", f"BASE={services.BASE}")
    assert suite[1] == ("FROM", "${BASE}")
    assert "SERVICE" in arguments(suite, "ARG")


def test_only_the_state_belongs_to_the_user(suite: list[Line]) -> None:
    owned = [one for one in arguments(suite, "COPY") if not one.startswith("--chown=0:0 ")]
    assert owned == ["--chown=10001:10001 state/ /var/lib/routeiq/"]


def test_shared_layer_stands_before_anything_of_one_service(suite: list[Line]) -> None:
    words = [one for one in suite if one[0] in {"ARG", "COPY", "ENV", "LABEL"}]
    assert words[1] == ("COPY", "--chown=0:0 common/ /opt/routeiq/common/")


def test_labels_are_those_of_the_open_container_initiative(suite: list[Line]) -> None:
    keys = set(re.findall(r"([a-z.]+)=", " ".join(arguments(suite, "LABEL"))))
    prefix = "org.opencontainers.image."
    wanted = {"base.name", "created", "description", "licenses", "revision", "title", "vendor", "version"}
    assert keys == {prefix + one for one in wanted} | {"routeiq.sbom"}


def test_every_argument_of_the_tool_is_declared(suite: list[Line]) -> None:
    """An engine only warns of one that is not, and the label would be empty."""
    declared = {one.partition("=")[0] for one in arguments(suite, "ARG")}
    request = making.Request("localhost", "test", services.BASE)
    assert making.build_arguments(services.ALL["gateway"], request).keys() == declared
