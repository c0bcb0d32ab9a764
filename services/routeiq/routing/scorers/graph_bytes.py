"""What an artifact's graph may hold, checked on its bytes before a runtime sees them.

Only the operators that our heads are written with, over constants that lie in the file: no loops, branches, nested
graphs, functions, other domains or external data, and nothing that makes a large tensor of a small one by itself.
The bytes are walked as protobuf's wire format, field by field, and a field that is not expected is refused, so that
the runtime's parser cannot merge or keep what was not checked here. Source: onnx.proto, protobuf's encoding."""

from collections.abc import Callable, Iterator

OPERATORS = frozenset(
    [
        "Add",
        "Cast",
        "Clip",
        "Concat",
        "Div",
        "Exp",
        "Gather",
        "Gemm",
        "Identity",
        "MatMul",
        "Max",
        "Mean",
        "Mul",
        "ReduceL2",
        "ReduceMax",
        "ReduceSum",
        "ReduceSumSquare",
        "Relu",
        "Sigmoid",
        "Softmax",
        "Split",
        "Squeeze",
        "Sub",
        "TopK",
        "Unsqueeze",
    ]
)
MAX_NODES = 512
MAX_RANK = 4
_DATA_TYPES = frozenset({1, 6, 7, 10})  # float32, int32, int64, float16
_DOMAINS = (b"", b"ai.onnx")
_VARINT_BYTES = 10
Value = int | bytes
Check = Callable[[Value], None]


class GraphRefused(ValueError):
    """The bytes are no graph, or one that could do harm."""


def check_graph(content: bytes) -> None:
    """Raises: GraphRefused, with the first thing that is not allowed."""
    nodes = 0

    def node(value: Value) -> None:
        nonlocal nodes
        nodes += 1
        if nodes > MAX_NODES:
            raise GraphRefused(f"it has more than {MAX_NODES} nodes")
        _walk("node", value, {1: _any, 2: _any, 3: _any, 4: _operator, 5: _attribute, 6: _any, 7: _domain})

    def graph(value: Value) -> None:
        _walk("graph", value, {1: node, 2: _any, 5: _tensor, 10: _any, 11: _any, 12: _any, 13: _any})

    # ir_version, producer, its version, domain, model version, doc, graph, opsets
    _walk("model", content, {**dict.fromkeys(range(1, 7), _any), 7: graph, 8: _opset})


def _any(value: Value) -> None:
    """A name, a number, a type: harmless whatever it is."""


def _operator(value: Value) -> None:
    name = _bytes(value).decode("ascii", "replace")
    if name not in OPERATORS:
        raise GraphRefused(f"operator {name[:40]!a} is not allowed")


def _domain(value: Value) -> None:
    if value not in _DOMAINS:
        raise GraphRefused(f"operators of domain {_bytes(value)[:40]!r} are not allowed")


def _opset(value: Value) -> None:
    _walk("opset", value, {1: _domain, 2: _any})


def _attribute(value: Value) -> None:
    """A number, a text or a list of them: name, f, i, s, floats, ints, strings, doc, type; no tensors or graphs."""
    _walk("attribute", value, dict.fromkeys((1, 2, 3, 4, 7, 8, 9, 13, 20), _any))


def _tensor(value: Value) -> None:
    """dims, type, data in the file (4, 5, 7: lists; 9: raw), name, doc. No element takes less than a byte."""
    content = _bytes(value)
    dims: list[int] = []

    def data_type(value: Value) -> None:
        if value not in _DATA_TYPES:
            raise GraphRefused(f"a constant of data type {value!r} is not allowed")

    def shape(value: Value) -> None:
        dims.extend([value] if isinstance(value, int) else _varints(value))

    data = dict.fromkeys((4, 5, 7, 8, 9, 12), _any)
    _walk("constant", content, {1: shape, 2: data_type, **data})
    elements = 1
    for size in dims[: MAX_RANK + 1]:
        elements *= size
    if len(dims) > MAX_RANK or elements > len(content):
        raise GraphRefused(f"a constant of shape {dims[: MAX_RANK + 1]} has only {len(content)} bytes")


def _walk(what: str, content: Value, checks: dict[int, Check]) -> None:
    """Check every field of a message. Raises: GraphRefused: one is not in `checks`, or the bytes are no message."""
    for number, value in _fields(_bytes(content)):
        if number not in checks:
            raise GraphRefused(f"field {number} of a {what} is not allowed")
        checks[number](value)


def _fields(content: bytes) -> Iterator[tuple[int, Value]]:
    """Number and value of every field of a message."""
    place = 0
    while place < len(content):
        key, place = _varint(content, place)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, place = _varint(content, place)
            yield number, value
            continue
        if kind not in (1, 2, 5):
            raise GraphRefused("it is not an ONNX file")
        size, place = _varint(content, place) if kind == 2 else ({1: 8, 5: 4}[kind], place)
        if size > len(content) - place:
            raise GraphRefused("it is cut short, or not an ONNX file")
        yield number, content[place : place + size]
        place += size


def _varints(content: bytes) -> Iterator[int]:
    place = 0
    while place < len(content):
        value, place = _varint(content, place)
        yield value


def _varint(content: bytes, place: int) -> tuple[int, int]:
    """The number at `place` and where the next thing begins."""
    value = 0
    for shift, byte in enumerate(content[place : place + _VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value & (2**64 - 1), place + shift + 1
    raise GraphRefused("it is cut short, or not an ONNX file")


def _bytes(value: Value) -> bytes:
    if isinstance(value, int):
        raise GraphRefused("it is not an ONNX file")
    return value
