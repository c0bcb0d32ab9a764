"""Load a configuration document: read, parse, resolve `os.environ/`, validate. Every problem is found in one go.

Nothing here raises for what a document holds: `build` raises and `check` reports all of it at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from routeiq.config.bundle import Bundle
from routeiq.config.consistency import check_references
from routeiq.config.contract_names import obey, warn_of_names
from routeiq.config.document import Document, known_sections, validate
from routeiq.config.document_files import BundleFiles, DiskFiles, DocumentFiles
from routeiq.config.files import read_text
from routeiq.config.include import with_included
from routeiq.config.nearest import did_you_mean
from routeiq.config.problems import Problems
from routeiq.config.references import References
from routeiq.config.scalars import JSONObject, JSONValue
from routeiq.config.yaml_tree import parse


@dataclass(frozen=True, slots=True)
class Loaded:
    """A document with what is wrong with it. `raw` is as written: its references to the environment are unresolved."""

    document: Document
    raw: JSONObject = field(repr=False)
    problems: Problems
    folder: Path | None = None
    """Where relative paths of the document start."""
    bundle: Bundle | None = None
    """What it came in. Its paths then mean files of that, or of other machines."""
    own_variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Its `environment_variables`."""
    read_variables: frozenset[str] = frozenset()
    """The names that its references read."""


def load(path: Path, environ: Mapping[str, str]) -> Loaded:
    """What is valid of the document, and its problems. Raises: ConfigurationError: the file cannot be read at all."""
    loaded = _parsed(read_text(path), Problems(str(path)), environ, DiskFiles())
    return replace(loaded, folder=path.resolve().parent)


def load_bundle(bundle: Bundle, environ: Mapping[str, str]) -> Loaded:
    """The same for a document that was sent here. What it includes is in the bundle: no disk is read."""
    loaded = _parsed(bundle.files[bundle.main], Problems(bundle.main), environ, BundleFiles(bundle))
    return replace(loaded, bundle=bundle)


def load_text(text: str, file: str, environ: Mapping[str, str]) -> Loaded:
    """The same for text from elsewhere; `file` names it in messages."""
    return _parsed(text, Problems(file), environ, None)


def load_data(data: JSONObject, name: str, environ: Mapping[str, str]) -> Loaded:
    """The same for a document that was never text: the one of `defaults`."""
    return _load(data, Problems(name), environ, None)


def _parsed(text: str, problems: Problems, environ: Mapping[str, str], reader: DocumentFiles | None) -> Loaded:
    data = parse(text, problems)
    if isinstance(data, dict):
        return _load(data, problems, environ, reader)
    if not problems.errors:
        problems.error((), _not_a_document(data), line=1)
    return Loaded(Document(), {}, problems)


def _load(data: JSONObject, problems: Problems, environ: Mapping[str, str], reader: DocumentFiles | None) -> Loaded:
    data = with_included(data, problems, reader)
    references = References(environ, problems)
    resolved = references.document(data)
    document = obey(validate(resolved, references.unresolved, problems), environ, problems)
    check_references(document, problems)
    warn_of_names(environ.keys() - references.used, environ, problems)
    return Loaded(document, data, problems, own_variables=references.own, read_variables=frozenset(references.used))


def _not_a_document(data: JSONValue) -> str:
    if data is None:
        return "is empty; it needs at least a `model_list`"
    hint = did_you_mean(data, known_sections()) if isinstance(data, str) else ""
    return f"must be a mapping with sections such as `model_list:`{hint}"
