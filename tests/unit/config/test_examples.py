"""What is written for people agrees with the code: the example loads without a word, the reference is current."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from routeiq.config.build import build
from routeiq.config.check import check
from routeiq.config.load import load
from routeiq.config.state import FallbackNames, ModelName

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "config.yaml"
ENVIRON = {
    "OPENAI_API_KEY": "k1",
    "ANTHROPIC_API_KEY": "k2",
    "AZURE_API_KEY": "k3",
    "AZURE_API_BASE": "https://example.openai.azure.com",
    "LITELLM_MASTER_KEY": "sk-a-long-random-key",
}


def test_example_has_neither_errors_nor_warnings() -> None:
    assert check(EXAMPLE, ENVIRON).lines == ()


def test_example_names_every_variable_that_is_not_set() -> None:
    found = "\n".join(check(EXAMPLE, {}).errors)
    assert all(f"environment variable {name} is not set" in found for name in ENVIRON)


def test_example_means_what_its_comments_say() -> None:
    state = build(load(EXAMPLE, ENVIRON), ENVIRON)
    assert state.routing.auto_models == ("small", "medium", "large")
    large = state.group("large")
    assert large is not None
    assert [(one.candidate, one.weight) for one in large.deployments] == [("large", 3), ("large", 1)]


def test_guides_document_of_fallbacks_loads_without_a_word(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "guides" / "configuration.md").read_text()
    section = guide.partition("## Retries, fallbacks, cooldown")[2]
    written = tmp_path / "config.yaml"
    written.write_text(section.partition("```yaml\n")[2].partition("```")[0])
    assert check(written, {}).lines == ()
    routing = build(load(written, {}), {}).routing
    assert routing.fallbacks[ModelName("small")] == FallbackNames((ModelName("large"),), (ModelName("long"),))


@pytest.mark.parametrize(
    "heading", ["## Further names", "## Credentials with a name", "## Providers and overrides of the LLM Gateway API"]
)
def test_guides_documents_load_without_a_word(tmp_path: Path, heading: str) -> None:
    guide = (ROOT / "docs" / "guides" / "configuration.md").read_text()
    text = guide.partition(heading)[2].partition("```yaml\n")[2].partition("```")[0]
    written = tmp_path / "config.yaml"
    written.write_text(text if "model_list" in text else f"model_list: []\n{text}")
    lines = [line for line in check(written, ENVIRON).lines if "has no models" not in line]
    assert [line for line in lines if "its price is unknown" not in line] == []


def test_reference_is_current() -> None:
    tool = ROOT / "tools" / "gen_config_reference.py"
    done = subprocess.run([sys.executable, tool, "--check"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
