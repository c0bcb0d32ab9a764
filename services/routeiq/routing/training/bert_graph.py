"""Write a BERT sentence encoder as an ONNX graph: embeddings, layers, mean pooling, L2.

The nodes follow the BERT paper (arXiv 1810.04805) and sentence-transformers' mean pooling. Three exact rewrites
save work: query, key and value are one product, the query's 1/sqrt(head) is folded into its weights, and the only
token type in use is added to the position table. The same weights always give the same bytes."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper

from routeiq.routing.training.graph_writer import GraphWriter

FloatArray = NDArray[np.float32]

_EPSILON = 1e-12


class BertGraph:
    """Collects the nodes and constants of one encoder.

    Args: weights: tensors under the names of Hugging Face's BertModel."""

    def __init__(self, weights: Mapping[str, FloatArray], *, layers: int, heads: int, max_tokens: int) -> None:
        self._weights = weights
        self._layers, self._heads, self._max_tokens = layers, heads, max_tokens
        self._dim = weights["embeddings.word_embeddings.weight"].shape[1]
        self._graph = GraphWriter("sentence_encoder")

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
        return self._graph.model(tokens, {"sentence_embedding": self._dim})

    def _weight(self, name: str) -> str:
        return self._graph.constant(name, self._weights[name])

    def _embed(self) -> str:
        position = self._weights["embeddings.position_embeddings.weight"][: self._max_tokens]
        position = position + self._weights["embeddings.token_type_embeddings.weight"][0]
        words = self._graph.add("Gather", self._weight("embeddings.word_embeddings.weight"), "input_ids")
        length = self._graph.add("Shape", "input_ids", start=1, end=2)
        table = self._graph.constant("positions", position)
        positions = self._graph.add("Slice", table, self._graph.ints("zero", 0), length, self._graph.ints("axis0", 0))
        return self._normalise(self._graph.add("Add", words, positions), "embeddings.LayerNorm")

    def _mask_bias(self) -> str:
        """0 where a token stands, a very negative number where padding does: shape (n, 1, 1, t)."""
        mask = self._graph.add("Cast", "attention_mask", to=int(TensorProto.FLOAT))
        absent = self._graph.add("Sub", mask, self._graph.constant("one", 1.0))
        bias = self._graph.add("Mul", absent, self._graph.constant("far", 1e9))
        return self._graph.add("Unsqueeze", bias, self._graph.ints("axes12", 1, 2))

    def _layer(self, hidden: str, bias: str, prefix: str) -> str:
        attended = self._attention(hidden, bias, f"{prefix}.attention.self")
        attended = self._linear(attended, f"{prefix}.attention.output.dense")
        hidden = self._normalise(self._graph.add("Add", attended, hidden), f"{prefix}.attention.output.LayerNorm")
        wide = self._graph.add("Gelu", self._linear(hidden, f"{prefix}.intermediate.dense"))
        narrow = self._linear(wide, f"{prefix}.output.dense")
        return self._normalise(self._graph.add("Add", narrow, hidden), f"{prefix}.output.LayerNorm")

    def _attention(self, hidden: str, bias: str, prefix: str) -> str:
        kernel, offset = self._fused_qkv(prefix)
        joined = self._graph.add("MatMul", hidden, self._graph.constant(f"{prefix}.qkv.weight", kernel))
        joined = self._graph.add("Add", joined, self._graph.constant(f"{prefix}.qkv.bias", offset))
        size = self._dim // self._heads
        split = self._graph.add("Reshape", joined, self._graph.ints("split", 0, 0, 3, self._heads, size))
        query, key, value = (self._part(split, part) for part in range(3))
        turned = self._graph.add("Transpose", key, perm=[0, 1, 3, 2])
        logits = self._graph.add("Add", self._graph.add("MatMul", query, turned), bias)
        mixed = self._graph.add("MatMul", self._graph.add("Softmax", logits, axis=-1), value)
        mixed = self._graph.add("Transpose", mixed, perm=[0, 2, 1, 3])
        return self._graph.add("Reshape", mixed, self._graph.ints("join", 0, 0, self._dim))

    def _fused_qkv(self, prefix: str) -> tuple[FloatArray, FloatArray]:
        scale = np.float32(1.0 / np.sqrt(self._dim // self._heads))
        kernels = [self._weights[f"{prefix}.{name}.weight"].T for name in ("query", "key", "value")]
        offsets = [self._weights[f"{prefix}.{name}.bias"] for name in ("query", "key", "value")]
        kernels[0], offsets[0] = kernels[0] * scale, offsets[0] * scale
        return np.concatenate(kernels, axis=1), np.concatenate(offsets)

    def _part(self, split: str, part: int) -> str:
        """Query, key or value with the heads in front: shape (n, heads, t, size)."""
        one = self._graph.add("Gather", split, self._graph.constant(f"part{part}", np.array(part, np.int64)), axis=2)
        return self._graph.add("Transpose", one, perm=[0, 2, 1, 3])

    def _linear(self, hidden: str, prefix: str) -> str:
        kernel = self._graph.constant(f"{prefix}.weight", self._weights[f"{prefix}.weight"].T)
        return self._graph.add("Add", self._graph.add("MatMul", hidden, kernel), self._weight(f"{prefix}.bias"))

    def _normalise(self, hidden: str, prefix: str) -> str:
        scale, offset = self._weight(f"{prefix}.weight"), self._weight(f"{prefix}.bias")
        return self._graph.add("LayerNormalization", hidden, scale, offset, axis=-1, epsilon=_EPSILON)

    def _pool(self, hidden: str) -> None:
        """Mean over the tokens that stand, then a unit vector."""
        mask = self._graph.add("Cast", "attention_mask", to=int(TensorProto.FLOAT))
        kept = self._graph.add("Mul", hidden, self._graph.add("Unsqueeze", mask, self._graph.ints("axis2", 2)))
        axis = self._graph.ints("axis1", 1)
        total = self._graph.add("ReduceSum", kept, axis, keepdims=0)
        count = self._graph.add("ReduceSum", mask, axis, keepdims=1)
        mean = self._graph.add("Div", total, count)
        norm = self._graph.add("ReduceL2", mean, axis, keepdims=1)
        self._graph.name_output(self._graph.add("Div", mean, norm), "sentence_embedding")
