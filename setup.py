"""Build with ROUTEIQ_COMPILE=1, and the modules that pyproject.toml names under [tool.routeiq] are compiled.

Without it the wheel is pure Python, and neither mypy nor a C compiler is asked for.
"""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from setuptools import setup

if TYPE_CHECKING:
    from setuptools import Extension

DIRECT = ["-fno-semantic-interposition", "-fno-plt"]
DIRECT_LINKS = ["-Wl,-Bsymbolic-functions"]
"""Functions of the library call each other, and Python's, without the detour by which others could take their place."""
HERE = Path(__file__).resolve().parent


def extensions() -> list[Extension]:
    """One shared library for all of them, so that they call each other directly."""
    try:
        from mypyc.build import mypycify  # noqa: PLC0415  # for who compiles
    except ImportError:
        sys.exit("ROUTEIQ_COMPILE=1 needs mypy: install requirements/dev.lock, and build with --no-build-isolation.")
    names = tomllib.loads((HERE / "pyproject.toml").read_text())["tool"]["routeiq"]["compiled"]
    sources = [f"services/{name.replace('.', '/')}.py" for name in names]
    made: list[Extension] = mypycify(sources, group_name="routeiq", target_dir="build/mypyc")
    if sys.platform == "linux":
        for one in made:
            one.extra_compile_args += DIRECT
            one.extra_link_args += DIRECT_LINKS
    return made


setup(ext_modules=extensions() if os.environ.get("ROUTEIQ_COMPILE") == "1" else [])
