"""Make a bundle of a document: find which files go with it, file by file, wherever they are read from.

Reading is left to who knows the place. YAML is parsed here, which takes long for a large document: keep it off a loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from routeiq.config.bundle import Bundle, beside
from routeiq.config.document_files import BundleFiles
from routeiq.config.files import read_text
from routeiq.config.include import KEY, MOST_FILES, names, with_included
from routeiq.config.problems import Problems
from routeiq.config.scalars import JSONObject, JSONValue
from routeiq.config.yaml_tree import parse
from routeiq.kit.errors import ConfigurationError

DATA_PATH = ("router_settings", "routing_strategy_args", "llm_data_path")
_REFERENCE = "os.environ/"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that goes with a document. `name`: for the bundle; `written`: as the file `by` has it; `place`: where that
    is, `file:line: path: `. A document serves without an `optional` one."""

    name: str
    written: str
    by: str
    place: str
    optional: bool = False


class Gathering:
    """One document's. Ask `open`, read each, `add` it or `fail` it, until there are none; then `bundle`."""

    def __init__(self, main: str, text: str) -> None:
        self._main = main
        self._files = {main: text}
        self._seen = {main}
        self._problems: list[str] = []
        self._open = list(_included(main, text))
        self._asked_for_data = False

    def open(self) -> tuple[Wanted, ...]:
        """What is to be read next. When all that is included is there, the file of `llm_data_path` follows."""
        found, self._open = {one.name: one for one in self._open if one.name not in self._seen}, []
        if not found and not self._asked_for_data and not self._problems:
            self._asked_for_data = True
            found = {one.name: one for one in self._data() if one.name not in self._seen}
        room = MOST_FILES + 1 - len(self._seen) + self._asked_for_data
        new = tuple(found.values())[:room]  # what is too much is reported by who loads the bundle
        self._seen.update(one.name for one in new)
        return new

    def add(self, wanted: Wanted, text: str) -> None:
        self._files[wanted.name] = text
        if not wanted.optional:
            self._open += _included(wanted.name, text)

    def fail(self, wanted: Wanted, reason: str) -> None:
        """It cannot be had; `reason` begins with its name."""
        if not wanted.optional:
            self._problems.append(f"{wanted.place}{reason}")

    def bundle(self) -> Bundle:
        """Raises: ConfigurationError: what could not be had, each where it is named; or all is too much."""
        if self._problems:
            raise ConfigurationError(self._problems)
        return Bundle(self._main, self._files)

    def _data(self) -> Iterator[Wanted]:
        if not any(DATA_PATH[-1] in text for text in self._files.values()):
            return
        reader, problems = BundleFiles(self.bundle()), Problems(self._main)
        data = _mapping(self._files[self._main], problems)
        written = _at(with_included(data, problems, reader), DATA_PATH)
        if isinstance(written, str) and written and not written.startswith(_REFERENCE):
            yield Wanted(beside(self._main, written), written, self._main, "", optional=True)


def bundle_of(path: Path) -> Bundle:
    """Of a document on this machine's disk, read now. Raises: ConfigurationError: it or an include cannot be."""
    gathering, places = Gathering(str(path), read_text(path)), {str(path): path}
    while wanted := gathering.open():
        for one in wanted:
            places[one.name] = place_of(places[one.by], one)
            try:
                gathering.add(one, read_text(places[one.name]))
            except ConfigurationError as unreadable:
                gathering.fail(one, unreadable.problems[0])
    return gathering.bundle()


def place_of(by: Path, wanted: Wanted) -> Path:
    """As a start from the disk has it: what is included is beside the name of the file that includes it, data beside
    the file itself."""
    return by.resolve().parent / Path(wanted.written).expanduser() if wanted.optional else by.parent / wanted.written


def _included(name: str, text: str) -> Iterator[Wanted]:
    if KEY not in text:
        return
    problems = Problems(name)
    for at, written in names(_mapping(text, problems).get(KEY), (KEY,), problems):
        place = problems.place(at)
        yield Wanted(beside(name, written), written, name, f"{place.file}:{place.line}: {place.path}: ")


def _mapping(text: str, problems: Problems) -> JSONObject:
    """Nothing where it is broken: that is reported by who loads it."""
    data = parse(text, problems)
    return data if isinstance(data, dict) else {}


def _at(data: JSONValue, path: tuple[str, ...]) -> JSONValue:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data
