"""What every section of the document has in common: keys that work, names that are only accepted, the rest unknown.

`later` names belong to the form and load; a warning says that they do nothing yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict

from routeiq.config.nearest import did_you_mean
from routeiq.config.problems import Location, Problems


class Section(BaseModel):
    """Base of all sections. Unknown keys pass the model, because `warn_of_keys` reports them with their lines."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", coerce_numbers_to_str=True, allow_inf_nan=False, protected_namespaces=()
    )

    later: ClassVar[frozenset[str]] = frozenset()
    """Accepted names without effect so far."""
    notes: ClassVar[Mapping[str, str]] = {}
    """Name -> what of it has no effect, for keys that work in part."""

    @classmethod
    def known(cls) -> frozenset[str]:
        return frozenset(cls.model_fields) | cls.later

    @classmethod
    def warn_of_keys(cls, data: object, at: Location, problems: Problems) -> None:
        """Report unknown and not yet effective keys of `data`, here and in the sections within."""
        if not isinstance(data, dict):
            return
        for name in data:
            cls._warn_of(str(name), (*at, name), problems)
        for name, section in cls._within():
            section.warn_of_keys(data.get(name), (*at, name), problems)
        for name, section in cls._listed():
            inner = data.get(name)
            for position, value in enumerate(inner) if isinstance(inner, list) else ():
                section.warn_of_keys(value, (*at, name, position), problems)
        for name, section in cls._mapped():
            inner = data.get(name)
            for key, value in inner.items() if isinstance(inner, dict) else ():
                section.warn_of_keys(value, (*at, name, key), problems)

    @classmethod
    def _warn_of(cls, name: str, at: Location, problems: Problems) -> None:
        if name in cls.later:
            problems.warning(at, "is accepted but has no effect yet")
        elif name in cls.notes:
            problems.warning(at, cls.notes[name])
        elif name not in cls.model_fields:
            problems.warning(at, f"unknown key{did_you_mean(name, cls.known())}")

    @classmethod
    def _within(cls) -> Iterator[tuple[str, type[Section]]]:
        """The fields that are sections themselves."""
        for name, info in cls.model_fields.items():
            kind = _needed(info.annotation)
            if isinstance(kind, type) and issubclass(kind, Section):
                yield name, kind

    @classmethod
    def _listed(cls) -> Iterator[tuple[str, type[Section]]]:
        """The fields that are lists of sections."""
        for name, info in cls.model_fields.items():
            kind = _plain(get_args(info.annotation)[0]) if get_origin(info.annotation) is tuple else None
            if isinstance(kind, type) and issubclass(kind, Section):
                yield name, kind

    @classmethod
    def _mapped(cls) -> Iterator[tuple[str, type[Section]]]:
        """The fields that map names to sections."""
        for name, info in cls.model_fields.items():
            if get_origin(info.annotation) is dict:
                kind = _plain(get_args(info.annotation)[1])
                if isinstance(kind, type) and issubclass(kind, Section):
                    yield name, kind


def _needed(kind: Any) -> Any:
    """Without `| None`."""
    kinds = [one for one in get_args(kind) if one is not NoneType] if get_origin(kind) is UnionType else [kind]
    return kinds[0] if len(kinds) == 1 else kind


def _plain(kind: Any) -> Any:
    """Without what is annotated."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind
