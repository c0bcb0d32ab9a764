"""One ONNX graph of an artifact: opened from bytes that were already verified, checked against what its kind must
offer, run with the inputs that it declares. Loading from bytes leaves a graph no file to refer to."""

from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from routeiq.kit.errors import RouteIQError
from routeiq.routing.onnx_sessions import open_session
from routeiq.routing.scorers.graph_bytes import GraphRefused, check_graph

FloatArray = NDArray[np.float32]


class GraphInvalid(RouteIQError):
    """The bytes are not a graph of the promised inputs, outputs and widths."""

    status, type, code = 500, "internal_error", "graph_invalid"


class Graph:
    """A session over (embedding, features), each a batch of rows.

    Args: content: the ONNX file.  inputs: name -> width that the service can feed.  outputs: name -> width that
    the graph must give (None: one number a row).
    Raises: GraphInvalid: it holds what `graph_bytes` does not allow, does not load, or has other inputs or outputs."""

    def __init__(
        self,
        name: str,
        content: bytes,
        inputs: Mapping[str, int],
        outputs: Mapping[str, int | None],
        threads: int = 1,
    ) -> None:
        self.name = name
        try:
            check_graph(content)
            self._session = open_session(content, threads)
        except GraphRefused as error:
            raise GraphInvalid(f"{name} is refused: {error}") from error
        except Exception as error:  # onnxruntime raises no common type
            raise GraphInvalid(f"{name} does not load: {error}") from error
        self._inputs = [one.name for one in self._session.get_inputs()]
        self._outputs = list(outputs)
        problems = _mismatches(self._session.get_inputs(), inputs, required=())
        problems += _mismatches(self._session.get_outputs(), outputs, required=self._outputs)
        if problems:
            raise GraphInvalid(f"{name}: {'; '.join(problems)}")

    def run(self, embeddings: FloatArray, features: FloatArray) -> dict[str, FloatArray]:
        """Every promised output by name, float32, one row per row of the inputs. Safe in many threads.

        Raises: GraphInvalid: it cannot be computed."""
        feeds = {"embedding": embeddings, "features": features}
        try:
            values = self._session.run(self._outputs, {name: feeds[name] for name in self._inputs})
        except Exception as error:  # onnxruntime raises no common type
            raise GraphInvalid(f"{self.name} does not run: {error}") from error
        return dict(zip(self._outputs, values, strict=True))


def _mismatches(found: Sequence[ort.NodeArg], wanted: Mapping[str, int | None], required: Sequence[str]) -> list[str]:
    """What differs between a graph's inputs or outputs and the promised widths."""
    problems = [f"lacks {name}" for name in required if all(one.name != name for one in found)]
    for one in found:
        if one.name not in wanted:
            problems.append(f"{one.name} is unknown")
            continue
        width = wanted[one.name]
        tail = [] if width is None else [width]
        if one.type != "tensor(float)" or list(one.shape[1:]) != tail:
            problems.append(f"{one.name} is {one.type} of shape {one.shape}, not float of width {width}")
    return problems
