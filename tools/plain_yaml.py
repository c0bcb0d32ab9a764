"""YAML that people compare: without anchors, and texts of several lines as they are."""

from __future__ import annotations

from typing import Any

import yaml

WIDTH = 160


def dump(document: Any, *, short_on_one_line: bool = False, sort: bool = False) -> str:
    flow = None if short_on_one_line else False
    return yaml.dump(document, Dumper=_Dumper, default_flow_style=flow, width=WIDTH, sort_keys=sort)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
