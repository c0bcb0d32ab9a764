import numpy as np
import pytest

from routeiq.routing.scorers import Graph, GraphInvalid
from routeiq.routing.training.graph_writer import GraphWriter, rows_of, serialise

INPUTS = {"embedding": 4, "features": 2}


def double(width=4, inputs="embedding", output="quality"):
    graph = GraphWriter("double")
    graph.name_output(graph.add("Add", inputs, inputs), output)
    return serialise(graph.model([rows_of(inputs, width)], {output: width}))


def test_a_graph_gets_only_the_inputs_that_it_declares():
    found = Graph("double.onnx", double(), INPUTS, {"quality": 4}).run(
        np.ones((3, 4), np.float32), np.ones((3, 2), np.float32)
    )
    np.testing.assert_array_equal(found["quality"], np.full((3, 4), 2))


@pytest.mark.parametrize(
    ("content", "outputs", "message"),
    [
        (b"not onnx", {"quality": 4}, "is refused: it is .*not an ONNX file"),
        (double(width=5), {"quality": 5}, "embedding is tensor.float. of shape .*, not float of width 4"),
        (double(inputs="other"), {"quality": 4}, "other is unknown"),
        (double(), {"cost": 4}, "lacks cost"),
        (double(), {"quality": 3}, "not float of width 3"),
    ],
)
def test_another_graph_than_promised_is_refused(content, outputs, message):
    with pytest.raises(GraphInvalid, match=message):
        Graph("double.onnx", content, INPUTS, outputs)


def test_writing_a_graph_twice_gives_the_same_bytes():
    assert double() == double()
