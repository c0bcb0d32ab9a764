"""The Tiltfile, run by an interpreter of Starlark. Tilt's own functions are doubles that keep their arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import starlark
import yaml

from tests.support.chart import ROOT, run_helm

PLAIN = ("version_settings", "update_settings", "k8s_yaml", "k8s_resource", "custom_build")
"""Called for what they do."""
STEPS = ("sync", "run", "fall_back_on", "port_forward")
"""Called for what they return, which others take."""
Arguments = dict[str, Any]


@dataclass
class Tilt:
    """What the Tiltfile asked for, by function. Positional arguments are under their place: "0", "1"."""

    calls: dict[str, list[Arguments]] = field(default_factory=dict)

    def images(self) -> dict[str, Arguments]:
        return {call["0"]: call for call in self.calls["custom_build"]}

    def resources(self) -> dict[str, Arguments]:
        """By the name in the cluster."""
        return {call["0"]: call for call in self.calls["k8s_resource"]}

    def objects(self) -> list[Any]:
        """All that is given to the cluster."""
        (call,) = self.calls["k8s_yaml"]
        return [one for blob in call["0"] for one in yaml.safe_load_all(blob) if one]

    def keeping(self, name: str) -> Callable[..., Any]:
        def called(*given: Any, **named: Any) -> None:
            self.calls.setdefault(name, []).append(_together(given, named))

        return called

    def helm(self, chart: str, **named: Any) -> str:
        """Does it."""
        self.calls.setdefault("helm", []).append({"0": chart, **named})
        values = [part for file in named["values"] for part in ("-f", str(ROOT / file))]
        where = ["--namespace", named["namespace"], "--kube-version", named["kube_version"]]
        return run_helm("template", named["name"], str(ROOT / chart), *where, *values)


def run(text: str) -> Tilt:
    """Raises: StarlarkError: it is no Starlark, or calls what Tilt does not have."""
    tilt, module = Tilt(), starlark.Module()
    for name in PLAIN:
        module.add_callable(name, tilt.keeping(name))
    for name in STEPS:
        module.add_callable(name, _step(name))
    module.add_callable("helm", tilt.helm)
    module.add_callable("encode_yaml", yaml.safe_dump)
    module.add_callable("decode_yaml_stream", lambda blob: [one for one in yaml.safe_load_all(blob) if one])
    module["TRIGGER_MODE_MANUAL"] = "manual"
    dialect = starlark.Dialect.standard()
    dialect.enable_top_level_stmt = True
    starlark.eval(module, starlark.parse("Tiltfile", text, dialect), starlark.Globals.standard())
    return tilt


def _step(name: str) -> Callable[..., Arguments]:
    return lambda *given, **named: {"step": name, **_together(given, named)}


def _together(given: tuple[Any, ...], named: Arguments) -> Arguments:
    return {str(place): one for place, one in enumerate(given)} | named
