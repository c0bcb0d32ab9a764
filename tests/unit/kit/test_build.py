"""What is compiled, and what must not be: mypyc does not say so, and some of it only crashes (docs/adr/0013)."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

import routeiq.gateway.app
import routeiq.routing.app
from routeiq import __version__
from routeiq.gateway.upstream.provider import UpstreamFailed
from routeiq.kit.build import COMPILED, describe_build
from routeiq.kit.errors import AuthenticationError, InvalidRequest, RateLimited, RouteIQError, Unavailable

ROOT = Path(__file__).resolve().parents[3]
MODULES: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["routeiq"]["compiled"]
ERRORS = (AuthenticationError, InvalidRequest, RateLimited, RouteIQError, Unavailable, UpstreamFailed)
BASES = {base for one in (*ERRORS, Mapping, Collector, Protocol, tuple) for base in one.__mro__}
"""Interpreted ones. Nobody takes weak references to what has one of them: a compiled class would not clear them."""


def classes_of(name: str) -> list[type]:
    """What a module defines."""
    found = inspect.getmembers(importlib.import_module(name), inspect.isclass)
    return [one for _, one in found if one.__module__ == name]


CLASSES = [one for name in MODULES for one in classes_of(name)]


def test_a_build_says_what_it_is() -> None:
    registry = CollectorRegistry()
    describe_build(registry)
    line = f'routeiq_build_info{{compiled="{str(COMPILED).lower()}",version="{__version__}"}} 1.0'
    assert line in generate_latest(registry).decode().splitlines()


@pytest.mark.parametrize("name", MODULES)
def test_all_that_is_to_be_compiled_is(name: str) -> None:
    source = str(importlib.import_module(name).__file__)
    assert source.endswith(".py") is not COMPILED


@pytest.mark.parametrize("one", CLASSES, ids=lambda one: f"{one.__module__}.{one.__name__}")
def test_a_compiled_class_is_of_a_kind_that_compiles(one: type) -> None:
    assert not issubclass(one, msgspec.Struct), "its options would be ignored"
    assert {base for base in one.__mro__ if base not in CLASSES} <= BASES
    assert "__weakref__" not in getattr(one, "__slots__", ()), "a compiled class has no weak references"


@pytest.mark.parametrize("name", MODULES)
def test_nothing_that_is_compiled_waits_in_a_finally(name: str) -> None:
    """A coroutine of mypyc 2.4.1 that does, and was cancelled once, raises that again each time it is called."""
    tree = ast.parse((ROOT / "services" / f"{name.replace('.', '/')}.py").read_text())
    finals = [last for one in ast.walk(tree) if isinstance(one, ast.Try) for last in one.finalbody]
    inside = [node for last in finals for node in ast.walk(last)]
    assert not [node for node in inside if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith)]


def test_nothing_interpreted_inherits_from_what_is_compiled() -> None:
    assert {routeiq.gateway.app, routeiq.routing.app} <= {*sys.modules.values()}, "everything is there to be found"
    heirs = {heir for one in CLASSES for heir in one.__subclasses__() if heir.__module__ not in MODULES}
    assert heirs == set()
