"""Ten documents as LiteLLM's users write them load as they are, and what does nothing here says so, line by line.

A line that ends with `# warns` is one that `routeiq check` speaks of: whoever makes its key work takes the mark away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from routeiq.cli.check import app
from routeiq.config.build import build
from routeiq.config.check import check
from routeiq.config.load import load
from routeiq.config.names import find_group
from tests.support.config_documents import built

FOLDER = Path(__file__).resolve().parents[2] / "data" / "litellm_configs"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
VALUES = {"REDIS_HOST": "redis.example", "REDIS_PORT": "6379", "AZURE_API_BASE": "https://own.openai.azure.example"}
MARK = "# warns"


def files(name: str) -> list[Path]:
    """A document and what it includes."""
    path = FOLDER / f"{name}.yaml"
    return [path, *(FOLDER / found for found in re.findall(r"^  - (parts/.*)$", path.read_text(), re.MULTILINE))]


def environ(name: str) -> dict[str, str]:
    """A value for every variable that the document refers to."""
    found = (re.findall(r"os\.environ/(\w+)", path.read_text()) for path in files(name))
    return {one: VALUES.get(one, "sk-a-value-of-the-tests") for names in found for one in names}


def marked(name: str) -> Iterator[tuple[str, int]]:
    for path in files(name):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.endswith(MARK):
                yield str(path), number


def test_there_are_ten() -> None:
    assert len(NAMES) == 10


@pytest.mark.parametrize("name", NAMES)
def test_document_loads_and_what_does_nothing_is_said(name: str) -> None:
    report = check(FOLDER / f"{name}.yaml", environ(name))
    assert report.errors == ()
    places = {line.split(": ")[0].rpartition(":") for line in report.warnings}
    assert {(file, int(number)) for file, _, number in places} == set(marked(name))


def test_command_ends_with_0(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        result = CliRunner().invoke(app, [str(FOLDER / f"{name}.yaml")], env=environ(name))
        assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("name", "model", "provider", "sent"),
    [
        ("azure_load_balanced", "gpt-4o", "azure", "gpt-4o-eu"),
        ("bedrock_and_vertex", "claude-with-a-role", "bedrock", "us.anthropic.claude-3-5-haiku-20241022-v1:0"),
        ("provider_wildcards", "anthropic/claude-x", "anthropic", "claude-x"),
        ("provider_wildcards", "gpt-4", "azure", "gpt-4o"),
        ("named_credentials", "gpt-4o", "azure", "gpt-4o"),
        ("included_files", "gpt-4o", "openai", "gpt-4o"),
        ("local_models", "gpt-oss", "hosted_vllm", "Qwen/Qwen2.5-7B-Instruct"),
    ],
)
def test_document_means_what_it_says(name: str, model: str, provider: str, sent: str) -> None:
    given = environ(name)
    state = build(load(FOLDER / f"{name}.yaml", given), given)
    group = find_group(state, model)
    assert group is not None
    assert (group.deployments[0].provider, group.deployments[0].model) == (provider, sent)


def test_address_that_servers_listen_on_is_this_machine() -> None:
    given = environ("local_models")
    group = find_group(build(load(FOLDER / "local_models.yaml", given), given), "vllm-models")
    assert group is not None
    assert group.deployments[0].api_base == "http://127.0.0.1:4001/v1"


def test_parameters_are_dropped_where_the_library_says_so() -> None:
    text = "model_list: [{model_name: m, litellm_params: {model: anthropic/x, api_key: k%s}}]\n"
    library = "litellm_settings: {drop_params: true}"
    own = built(text % ", drop_params: false" + library)
    found = [built(text % ""), built(text % "" + library), own]
    assert [group.group("m").deployments[0].params.get("drop_params") for group in found] == [None, True, False]  # type: ignore[union-attr]
