"""Collect the nodes and constants of an ONNX graph and give the model. The same calls give the same bytes."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

FloatArray = NDArray[np.float32]
Attribute = int | float | list[int]

OPSET = 20  # the first with Gelu
_IR_VERSION = 9


class GraphWriter:
    """Writes one graph from first node to last."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[NodeProto] = []
        self._constants: dict[str, TensorProto] = {}

    def add(self, op: str, *inputs: str, **attributes: Attribute) -> str:
        """Append a node. Returns: the name of its first output."""
        return self.add_many(op, 1, *inputs, **attributes)[0]

    def add_many(self, op: str, outputs: int, *inputs: str, **attributes: Attribute) -> list[str]:
        """Append a node of several outputs. Returns: their names."""
        name = f"{op}_{len(self._nodes)}"
        names = [name, *(f"{name}_{extra}" for extra in range(1, outputs))]
        node = helper.make_node(op, list(inputs), names, name)
        node.attribute.extend(helper.make_attribute(key, value) for key, value in sorted(attributes.items()))
        self._nodes.append(node)
        return names

    def constant(self, name: str, value: NDArray[np.generic] | float) -> str:
        """A stored tensor; a number becomes float32. Asking for the same name again gives the first one."""
        if name not in self._constants:
            array = np.float32(value) if isinstance(value, float) else value
            self._constants[name] = numpy_helper.from_array(np.asarray(array, order="C"), name)
        return name

    def half(self, name: str, value: FloatArray) -> str:
        """A tensor stored in 16 bits, which halves the file, and widened to float32 when the graph is loaded."""
        return self.add("Cast", self.constant(name, value.astype(np.float16)), to=int(TensorProto.FLOAT))

    def ints(self, name: str, *values: int) -> str:
        """A stored int64 vector: axes, shapes."""
        return self.constant(name, np.array(values, np.int64))

    def name_output(self, inner: str, outer: str) -> None:
        """Give a graph output its public name."""
        self._nodes.append(helper.make_node("Identity", [inner], [outer], f"out_{outer}"))

    def model(self, inputs: Sequence[ValueInfoProto], outputs: Mapping[str, int | None]) -> ModelProto:
        """The finished model. Args: outputs: float32, name -> width; None means one number a row."""
        values = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"] if width is None else ["n", width])
            for name, width in outputs.items()
        ]
        graph = helper.make_graph(self._nodes, self._name, inputs, values, list(self._constants.values()))
        opsets = [helper.make_opsetid("", OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="routeiq")


def rows_of(name: str, width: int) -> ValueInfoProto:
    """A float32 graph input of shape (n, width)."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width])


def serialise(model: ModelProto) -> bytes:
    """The model's bytes, the same for the same model."""
    return model.SerializeToString(deterministic=True)
