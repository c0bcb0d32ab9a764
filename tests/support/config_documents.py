"""Short ways to load a document in tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from routeiq.config.build import build
from routeiq.config.load import Loaded, load_text
from routeiq.config.state import Deployment, ModelName, State
from routeiq.kit.errors import ConfigurationError

NO_PRICES = Path("/nonexistent/prices.json")


def loaded(text: str, environ: Mapping[str, str] | None = None) -> Loaded:
    return load_text(dedent(text).lstrip("\n"), "f.yaml", environ or {})


def built(text: str, environ: Mapping[str, str] | None = None, prices: Path = NO_PRICES) -> State:
    return build(loaded(text, environ), environ or {}, price_file=prices)


def errors(text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    return [str(problem) for problem in loaded(text, environ).problems.errors]


def warnings(text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    return [str(problem) for problem in loaded(text, environ).problems.warnings]


def entry(name: str = "m", model: str = "simulated/x", params: str = "", info: str = "") -> str:
    return f"- {{model_name: {name}, litellm_params: {{model: {model}, {params}}}, model_info: {{{info}}}}}\n"


def models(*entries: str) -> str:
    return "model_list:\n" + "".join(entries)


def only(state: State, name: str = "m") -> Deployment:
    (deployment,) = state.groups[ModelName(name)].deployments
    return deployment


def refused(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        build(loaded(text), {}, price_file=NO_PRICES)
    return raised.value.problems
