"""Write a BERT sentence encoder as an ONNX graph: embeddings, layers, mean pooling, L2.

The nodes follow the BERT paper (arXiv 1810.04805) and sentence-transformers' mean pooling. Three exact rewrites
save work: query, key and value are one product, the query's 1/sqrt(head) is folded into its weights, and the only
token type in use is added to the position table. The same weights always give the same bytes."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

FloatArray = NDArray[np.float32]

OPSET = 20  # the first with Gelu
_IR_VERSION = 9
_EPSILON = 1e-12


class BertGraph:
    """Collects the nodes and constants of one encoder.

    Args: weights: tensors under the names of Hugging Face's BertModel."""

    def __init__(self, weights: Mapping[str, FloatArray], *, layers: int, heads: int, max_tokens: int) -> None:
        self._weights = weights
        self._layers, self._heads, self._max_tokens = layers, heads, max_tokens
        self._dim = weights["embeddings.word_embeddings.weight"].shape[1]
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []

    def build(self) -> ModelProto:
        """The graph (input_ids, attention_mask: int64 (n, t)) -> sentence_embedding: float32 (n, dim), unit."""
        hidden = self._embed()
        bias = self._mask_bias()
        for layer in range(self._layers):
            hidden = self._layer(hidden, bias, f"encoder.layer.{layer}")
        self._pool(hidden)
        tokens = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "t"])
            for name in ("input_ids", "attention_mask")
        ]
        vector = helper.make_tensor_value_info("sentence_embedding", TensorProto.FLOAT, ["n", self._dim])
        graph = helper.make_graph(self._nodes, "sentence_encoder", tokens, [vector], self._constants)
        return helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=_IR_VERSION,
            producer_name="routeiq",
        )

    def _add(self, op: str, *inputs: str, **attributes: object) -> str:
        name = f"{op}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, list(inputs), [name], name, **attributes))
        return name

    def _constant(self, name: str, value: NDArray[np.float32] | NDArray[np.int64]) -> str:
        if all(one.name != name for one in self._constants):
            self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def _ints(self, name: str, *values: int) -> str:
        return self._constant(name, np.array(values, np.int64))

    def _weight(self, name: str) -> str:
        return self._constant(name, self._weights[name])

    def _embed(self) -> str:
        position = self._weights["embeddings.position_embeddings.weight"][: self._max_tokens]
        position = position + self._weights["embeddings.token_type_embeddings.weight"][0]
        words = self._add("Gather", self._weight("embeddings.word_embeddings.weight"), "input_ids")
        length = self._add("Shape", "input_ids", start=1, end=2)
        table = self._constant("positions", position)
        positions = self._add("Slice", table, self._ints("zero", 0), length, self._ints("axis0", 0))
        return self._normalise(self._add("Add", words, positions), "embeddings.LayerNorm")

    def _mask_bias(self) -> str:
        """0 where a token stands, a very negative number where padding does: shape (n, 1, 1, t)."""
        mask = self._add("Cast", "attention_mask", to=TensorProto.FLOAT)
        absent = self._add("Sub", mask, self._constant("one", np.float32([1.0])))
        bias = self._add("Mul", absent, self._constant("far", np.float32([1e9])))
        return self._add("Unsqueeze", bias, self._ints("axes12", 1, 2))

    def _layer(self, hidden: str, bias: str, prefix: str) -> str:
        attended = self._attention(hidden, bias, f"{prefix}.attention.self")
        attended = self._linear(attended, f"{prefix}.attention.output.dense")
        hidden = self._normalise(self._add("Add", attended, hidden), f"{prefix}.attention.output.LayerNorm")
        wide = self._add("Gelu", self._linear(hidden, f"{prefix}.intermediate.dense"))
        narrow = self._linear(wide, f"{prefix}.output.dense")
        return self._normalise(self._add("Add", narrow, hidden), f"{prefix}.output.LayerNorm")

    def _attention(self, hidden: str, bias: str, prefix: str) -> str:
        kernel, offset = self._fused_qkv(prefix)
        joined = self._add("MatMul", hidden, self._constant(f"{prefix}.qkv.weight", kernel))
        joined = self._add("Add", joined, self._constant(f"{prefix}.qkv.bias", offset))
        size = self._dim // self._heads
        split = self._add("Reshape", joined, self._ints("split", 0, 0, 3, self._heads, size))
        query, key, value = (self._part(split, part) for part in range(3))
        turned = self._add("Transpose", key, perm=[0, 1, 3, 2])
        logits = self._add("Add", self._add("MatMul", query, turned), bias)
        mixed = self._add("MatMul", self._add("Softmax", logits, axis=-1), value)
        mixed = self._add("Transpose", mixed, perm=[0, 2, 1, 3])
        return self._add("Reshape", mixed, self._ints("join", 0, 0, self._dim))

    def _fused_qkv(self, prefix: str) -> tuple[FloatArray, FloatArray]:
        scale = np.float32(1.0 / np.sqrt(self._dim // self._heads))
        kernels = [self._weights[f"{prefix}.{name}.weight"].T for name in ("query", "key", "value")]
        offsets = [self._weights[f"{prefix}.{name}.bias"] for name in ("query", "key", "value")]
        kernels[0], offsets[0] = kernels[0] * scale, offsets[0] * scale
        return np.concatenate(kernels, axis=1), np.concatenate(offsets)

    def _part(self, split: str, part: int) -> str:
        """Query, key or value with the heads in front: shape (n, heads, t, size)."""
        one = self._add("Gather", split, self._constant(f"part{part}", np.array(part, np.int64)), axis=2)
        return self._add("Transpose", one, perm=[0, 2, 1, 3])

    def _linear(self, hidden: str, prefix: str) -> str:
        kernel = self._constant(f"{prefix}.weight", self._weights[f"{prefix}.weight"].T)
        return self._add("Add", self._add("MatMul", hidden, kernel), self._weight(f"{prefix}.bias"))

    def _normalise(self, hidden: str, prefix: str) -> str:
        scale, offset = self._weight(f"{prefix}.weight"), self._weight(f"{prefix}.bias")
        return self._add("LayerNormalization", hidden, scale, offset, axis=-1, epsilon=_EPSILON)

    def _pool(self, hidden: str) -> None:
        """Mean over the tokens that stand, then a unit vector."""
        mask = self._add("Cast", "attention_mask", to=TensorProto.FLOAT)
        kept = self._add("Mul", hidden, self._add("Unsqueeze", mask, self._ints("axis2", 2)))
        axis = self._ints("axis1", 1)
        total = self._add("ReduceSum", kept, axis, keepdims=0)
        count = self._add("ReduceSum", mask, axis, keepdims=1)
        mean = self._add("Div", total, count)
        norm = self._add("ReduceL2", mean, axis, keepdims=1)
        self._nodes.append(helper.make_node("Div", [mean, norm], ["sentence_embedding"], "unit"))
