"""What one rendering has over another, as a Kustomize component says it: further objects, and patches.

Patches of several components have to get along. So nothing names a place in a list: what is new is added at the end (a
JSON patch), and a variable that is there already is changed by its name (a strategic merge, which puts further ones
in front, where texts may name them).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.kustomize.rendering import Object

Operation = dict[str, Any]
_FIRST = "/spec/template/spec/containers/0/env"


class CannotPatch(Exception):
    """The renderings differ in a way that no component could say: an object is gone."""


def identity(one: Object) -> tuple[str, str]:
    return one["kind"], one["metadata"]["name"]


def further(before: list[Object], after: list[Object]) -> list[Object]:
    """Raises: CannotPatch."""
    gone = {identity(one) for one in before} - {identity(one) for one in after}
    if gone:
        raise CannotPatch(f"{sorted(gone)} would have to go")
    there = {identity(one) for one in before}
    return [one for one in after if identity(one) not in there]


def patches(before: list[Object], after: list[Object]) -> list[Object]:
    """Entries of `patches:`, one for each change, however many objects of a kind have it."""
    new = {identity(one): one for one in after}
    pairs = [(one, new[identity(one)]) for one in before if one != new[identity(one)]]
    merges = [merge for old, one in pairs if (merge := _merge(old, one))]
    grouped: list[tuple[str, list[Operation], list[str]]] = []
    for old, one in pairs:
        _join(grouped, one["kind"], list(operations(old, one)), one["metadata"]["name"])
    return [{"patch": merge} for merge in merges] + [
        {"target": {"kind": kind, "name": _pattern(names)}, "patch": done} for kind, done, names in grouped
    ]


def _join(grouped: list[tuple[str, list[Operation], list[str]]], kind: str, done: list[Operation], name: str) -> None:
    for other_kind, others, names in grouped:
        if (other_kind, others) == (kind, done):
            names.append(name)
            return
    if done:
        grouped.append((kind, done, [name]))


def _pattern(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"({'|'.join(sorted(names))})"


def operations(old: Any, new: Any, path: str = "") -> Iterator[Operation]:
    """From one to the other, but for variables that a merge changes."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            yield from _of_key(old, new, name, f"{path}/{name.replace('~', '~0').replace('/', '~1')}")
    elif path == _FIRST:
        for variable in _texts(old, new):
            yield {"op": "add", "path": f"{path}/-", "value": variable}
    elif isinstance(old, list) and isinstance(new, list) and _is_longer(old, new):
        for one in (one for one in new if one not in old):
            yield {"op": "add", "path": f"{path}/-", "value": one}
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for position, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from operations(one, other, f"{path}/{position}")
    elif old != new:
        yield {"op": "replace", "path": path, "value": new}


def _of_key(old: Object, new: Object, name: str, path: str) -> Iterator[Operation]:
    if name not in new:
        yield {"op": "remove", "path": path}
    elif name not in old:
        yield {"op": "add", "path": path, "value": new[name]}
    else:
        yield from operations(old[name], new[name], path)


def _is_longer(old: list[Any], new: list[Any]) -> bool:
    return len(new) > len(old) and all(one in new for one in old)


def _texts(old: list[Object], new: list[Object]) -> list[Object]:
    """New variables that may name others, which then stand above."""
    names = {one["name"] for one in old}
    return [one for one in new if one["name"] not in names and "value" in one]


def _merge(old: Object, new: Object) -> Object | None:
    """The strategic merge that changes variables, and brings those that texts may name."""
    before, after = _variables(old), _variables(new)
    if before.keys() - after.keys():
        raise CannotPatch(f"{identity(new)}: {sorted(before.keys() - after.keys())} would have to go")
    changed = [
        one | dict.fromkeys(before.get(name, {}).keys() - one.keys())
        for name, one in after.items()
        if one != before.get(name) and (name in before or "valueFrom" in one)
    ]
    if not changed:
        return None
    container = {"name": new["spec"]["template"]["spec"]["containers"][0]["name"], "env": changed}
    return {
        **{name: new[name] for name in ("apiVersion", "kind")},
        "metadata": {"name": new["metadata"]["name"]},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }


def _variables(one: Object) -> dict[str, Object]:
    containers = one.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [{}])
    return {variable["name"]: variable for variable in containers[0].get("env", ())}
