"""Load a configuration document: read, parse, resolve `os.environ/`, validate. Every problem is found in one go.

Nothing here raises for what a document holds: `build` raises and `check` reports all of it at once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from routeiq.config.consistency import check_references
from routeiq.config.document import Document, known_sections, validate
from routeiq.config.nearest import did_you_mean
from routeiq.config.problems import Problems
from routeiq.config.references import References
from routeiq.config.scalars import JSONObject, JSONValue
from routeiq.config.yaml_tree import parse
from routeiq.kit.errors import ConfigurationError
from routeiq.kit.regular_files import open_regular

MAX_BYTES = 4 * 1024 * 1024
"""A thousand models take some 150 KiB and 0.6 s."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A document with what is wrong with it. `raw` is as written: its references to the environment are unresolved."""

    document: Document
    raw: JSONObject = field(repr=False)
    problems: Problems
    folder: Path | None = None
    """Where relative paths of the document start."""


def load(path: Path, environ: Mapping[str, str]) -> Loaded:
    """What is valid of the document, and its problems. Raises: ConfigurationError: the file cannot be read at all."""
    return load_text(_read(path), str(path), environ, folder=path.resolve().parent)


def load_text(text: str, file: str, environ: Mapping[str, str], *, folder: Path | None = None) -> Loaded:
    """The same for text from elsewhere; `file` names it in messages."""
    problems = Problems(file)
    data = parse(text, problems)
    if not isinstance(data, dict):
        if not problems.errors:
            problems.error((), _not_a_document(data), line=1)
        return Loaded(Document(), {}, problems, folder)
    return _load(data, problems, environ, folder)


def load_data(data: JSONObject, name: str, environ: Mapping[str, str]) -> Loaded:
    """The same for a document that was never text: the one of `defaults`."""
    return _load(data, Problems(name), environ, None)


def _load(data: JSONObject, problems: Problems, environ: Mapping[str, str], folder: Path | None) -> Loaded:
    references = References(environ, problems)
    resolved = references.document(data)
    document = validate(resolved, references.unresolved, problems)
    check_references(document, problems)
    return Loaded(document, data, problems, folder)


def _not_a_document(data: JSONValue) -> str:
    if data is None:
        return "is empty; it needs at least a `model_list`"
    hint = did_you_mean(data, known_sections()) if isinstance(data, str) else ""
    return f"must be a mapping with sections such as `model_list:`{hint}"


def _read(path: Path) -> str:
    try:
        with open_regular(path) as stream:
            if os.fstat(stream.fileno()).st_size > MAX_BYTES:
                raise ConfigurationError([f"{path}: is larger than {MAX_BYTES // 1024**2} MiB"])
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError([f"{path}: cannot be read: {error.strerror or error}"]) from None
    if len(content) > MAX_BYTES:
        raise ConfigurationError([f"{path}: is larger than {MAX_BYTES // 1024**2} MiB"])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError([f"{path}:{line}: is not UTF-8 text"]) from None
