"""Read YAML into plain data that knows on which line each part stands.

The text may be hostile: size, nesting and the expansion of aliases are bounded, tags run nothing, and every fault
becomes a problem with its line. Scalars follow YAML 1.2 (`on` and `2024-02-01` are text); merge keys work.
"""

from __future__ import annotations

from ruamel.yaml import YAML
from ruamel.yaml.composer import ComposerError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from routeiq.config.problems import Location, Problems
from routeiq.config.scalars import JSONValue, NotPlain, scalar

MAX_VALUES = 500_000
"""After aliases are expanded. A document of a thousand models has some ten thousand."""
MAX_DEPTH = 64
_TAG = "tag:yaml.org,2002:"
_SEQUENCE, _MAPPING = f"{_TAG}seq", f"{_TAG}map"
_MERGE = f"{_TAG}merge"
_PARSER_FAULTS = (
    YAMLError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    KeyError,
    AssertionError,
    RecursionError,
)
"""ruamel.yaml also lets plain Python errors through for some malformed text."""


class TooLarge(Exception):
    """The document expands beyond the limits; what was read so far is of no use."""


def parse(text: str, problems: Problems) -> JSONValue:
    """The document as plain data, None if it is empty or broken; `problems.lines` is filled on the way."""
    root = _compose(text, problems)
    if root is None:
        return None
    converter = _Converter(problems)
    problems.lines = converter.lines
    try:
        return converter.value(root, ())
    except TooLarge as limit:
        problems.error((), str(limit), line=1)
        return None


def _compose(text: str, problems: Problems) -> Node | None:
    yaml = YAML(typ="safe", pure=True)
    yaml.composer.warn_double_anchors = False
    try:
        root: Node | None = yaml.compose(text)
    except _PARSER_FAULTS as fault:
        problems.error((), _explain(fault), line=_line_of(fault, text))
        return None
    finally:
        _take_apart(yaml)
    return root


def _take_apart(yaml: YAML) -> None:
    """A reader and its parts refer to each other: left whole, each document would leave a hundred objects in memory
    until the collector comes round."""
    vars(yaml.parser).clear()
    vars(yaml).clear()


def _explain(fault: Exception) -> str:
    if isinstance(fault, RecursionError):
        return f"is nested too deeply (more than {MAX_DEPTH} levels)"
    if isinstance(fault, ReaderError):
        return f"holds a character that YAML does not allow (U+{fault.character:04X})"
    if isinstance(fault, ComposerError) and "document" in (fault.problem or ""):
        return "holds more than one YAML document; keep one, without a second `---`"
    if isinstance(fault, MarkedYAMLError):
        return f"is not valid YAML: {_reason(fault)}"
    return "is not valid YAML"


def _reason(fault: MarkedYAMLError) -> str:
    problem = str(fault.problem or fault.context or "cannot be read")
    if "'\\t'" in problem:
        return "a tab cannot indent; use spaces"
    return f"{problem} {fault.context}" if fault.problem and fault.context else problem


def _line_of(fault: Exception, text: str) -> int:
    if isinstance(fault, ReaderError):
        return text.count("\n", 0, fault.position) + 1
    mark = (fault.problem_mark or fault.context_mark) if isinstance(fault, MarkedYAMLError) else None
    return mark.line + 1 if mark is not None else 1


class _Converter:
    """Walks the node graph once per place where a node is used, so that aliases cost what they expand to."""

    def __init__(self, problems: Problems) -> None:
        self.lines: dict[Location, int] = {(): 1}
        self._problems = problems
        self._values = 0
        self._open: set[int] = set()

    def value(self, node: Node, at: Location) -> JSONValue:
        self._count(node, at)
        if isinstance(node, ScalarNode):
            return self._scalar(node, at)
        assert isinstance(node, SequenceNode | MappingNode)
        if str(node.tag) != (_SEQUENCE if isinstance(node, SequenceNode) else _MAPPING):
            self._problems.error(at, "has a YAML tag that is not supported; use plain values", line=_line(node))
            return None
        self._open.add(id(node))
        try:
            return self._mapping(node, at) if isinstance(node, MappingNode) else self._sequence(node, at)
        finally:
            self._open.discard(id(node))

    def _count(self, node: Node, at: Location) -> None:
        self._values += 1
        if id(node) in self._open:
            raise TooLarge("holds an alias that contains itself")
        if self._values > MAX_VALUES:
            raise TooLarge(f"expands to more than {MAX_VALUES} values; look at its aliases")
        if len(at) > MAX_DEPTH:
            raise TooLarge(f"is nested too deeply (more than {MAX_DEPTH} levels)")

    def _scalar(self, node: ScalarNode, at: Location) -> JSONValue:
        try:
            return scalar(str(node.tag), node.value)
        except NotPlain as refused:
            self._problems.error(at, str(refused), line=_line(node))
            return None

    def _sequence(self, node: SequenceNode, at: Location) -> JSONValue:
        items: list[JSONValue] = []
        for position, item in enumerate(node.value):
            self.lines[(*at, position)] = _line(item)
            items.append(self.value(item, (*at, position)))
        return items

    def _mapping(self, node: MappingNode, at: Location) -> JSONValue:
        result: dict[str, JSONValue] = {}
        first_seen: dict[str, int] = {}
        for key, item in node.value:
            if str(key.tag) == _MERGE or not (name := self._key(key, at)):
                continue
            if name in first_seen:
                self._problems.error(
                    (*at, name), f"is given twice; the first is on line {first_seen[name]}", line=_line(key)
                )
                continue
            first_seen[name] = _line(key)
            self.lines[(*at, name)] = _line(key)
            result[name] = self.value(item, (*at, name))
        self._merge(node, at, result)
        return result

    def _key(self, key: Node, at: Location) -> str | None:
        if isinstance(key, ScalarNode) and key.value:
            return str(key.value)
        self._problems.error(at, "has a key that is not plain text", line=_line(key))
        return None

    def _merge(self, node: MappingNode, at: Location, result: dict[str, JSONValue]) -> None:
        """`<<: *base` and `<<: [*a, *b]`: what is written in the mapping itself wins, then the earlier base."""
        for key, item in node.value:
            if str(key.tag) != _MERGE:
                continue
            for base in item.value if isinstance(item, SequenceNode) else [item]:
                if isinstance(base, MappingNode):
                    self._inherit(base, at, result)
                else:
                    self._problems.error(at, "merges (`<<`) something that is not a mapping", line=_line(key))

    def _inherit(self, base: MappingNode, at: Location, result: dict[str, JSONValue]) -> None:
        lines, self.lines = self.lines, {}
        inherited = self.value(base, at)
        new, self.lines = self.lines, lines
        if not isinstance(inherited, dict):
            return
        missing = inherited.keys() - result.keys()
        result.update({name: inherited[name] for name in inherited if name in missing})
        lines.update({place: line for place, line in new.items() if place[len(at)] in missing})


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1
