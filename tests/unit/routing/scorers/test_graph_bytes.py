"""Graphs that would do harm are refused before the runtime sees them."""

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from routeiq.routing.scorers import Graph, GraphInvalid
from routeiq.routing.scorers.graph_bytes import GraphRefused, check_graph
from routeiq.routing.settings import SHIPPED_ARTIFACT

ROWS = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 4])
OUT = helper.make_tensor_value_info("quality", TensorProto.FLOAT, ["n", 4])


def model(*nodes, constants=(), **options):
    graph = helper.make_graph(list(nodes), "g", [ROWS], [OUT], list(constants))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9, **options)


def good():
    return model(helper.make_node("Add", ["embedding", "embedding"], ["quality"]))


def changed(change):
    one = good()
    change(one)
    return one


def endless_loop():
    inner = helper.make_graph(
        [helper.make_node("Identity", ["going"], ["on"]), helper.make_node("Identity", ["x"], ["y"])],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
        ],
    )
    return model(helper.make_node("Loop", ["", "", "embedding"], ["quality"], body=inner))


def huge_constant():
    shape = numpy_helper.from_array(np.array([20_000_000_000], np.int64), "shape")
    return model(helper.make_node("ConstantOfShape", ["shape"], ["quality"]), constants=[shape])


def lying_constant(*dims, data_type=TensorProto.FLOAT):
    return model(constants=[TensorProto(name="c", dims=dims, data_type=data_type, raw_data=b"1234")])


def external_constant():
    tensor = TensorProto(name="c", dims=[1], data_type=1, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="/etc/passwd")
    return model(constants=[tensor])


def function():
    inner = helper.make_function(
        "", "Add", ["a"], ["b"], [helper.make_node("Exp", ["a"], ["b"])], [helper.make_opsetid("", 20)]
    )
    return model(functions=[inner])


@pytest.mark.parametrize(
    ("hostile", "message"),
    [
        (endless_loop(), "operator 'Loop'"),
        (huge_constant(), "operator 'ConstantOfShape'"),
        (model(helper.make_node("Tile", ["embedding"], ["quality"])), "operator 'Tile'"),
        (model(helper.make_node("Add", ["a"], ["b"], domain="com.microsoft")), "domain b'com.microsoft'"),
        (model(helper.make_node("Add", ["a"], ["b"], value=TensorProto())), "of a attribute is not allowed"),
        (model(*[helper.make_node("Exp", ["a"], ["b"])] * 513), "more than 512 nodes"),
        (changed(lambda one: one.opset_import.add(domain="evil", version=1)), "domain b'evil'"),
        (changed(lambda one: one.graph.sparse_initializer.add()), "field 15 of a graph"),
        (function(), "field 25 of a model"),
        (external_constant(), "field 1[34] of a constant"),
        (lying_constant(2**40), "has only"),
        (lying_constant(-1), "has only"),
        (lying_constant(1, 1, 1, 1, 1), "has only"),
        (lying_constant(1, data_type=TensorProto.STRING), "data type 8"),
    ],
)
def test_a_hostile_graph_is_refused(hostile, message):
    with pytest.raises(GraphInvalid, match=message):
        Graph("x.onnx", hostile.SerializeToString(), {"embedding": 4}, {"quality": 4})


def test_a_loop_behind_a_good_graph_is_refused():
    """protobuf merges a field that comes twice; so would the runtime."""
    with pytest.raises(GraphRefused, match="Loop"):
        check_graph(good().SerializeToString() + endless_loop().SerializeToString())


@pytest.mark.parametrize("path", sorted(SHIPPED_ARTIFACT.glob("*.onnx")), ids=lambda path: path.name)
def test_the_shipped_graphs_pass(path):
    check_graph(path.read_bytes())
    assert onnx.load(path).graph.node


@given(st.binary(max_size=200))
def test_any_bytes_are_accepted_or_refused(content):
    try:
        check_graph(content)
    except GraphRefused as refused:
        said = str(refused)
    else:
        said = "accepted"
    assert said
