import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from routeiq.routing.embedders import ENCODER_FILE, TOKENIZER_FILE, EncoderInvalid, OnnxEncoder, default_encoder_dir
from routeiq.routing.embedders.onnx_encoder import _runs
from routeiq.routing.training.graph_writer import GraphWriter, rows_of, serialise
from tests.support.trained import DATA, real_encoder


def test_vectors_equal_sentence_transformers():
    rows = json.loads((DATA / "golden_vectors.json").read_text("utf-8"))["rows"]
    encoder = real_encoder()
    found = encoder.encode([encoder.tokenize_head(row["prompt"]) for row in rows])
    cosine = np.sum(found * np.array([row["vector"] for row in rows]), axis=1)
    assert len(rows) == 20
    assert cosine.min() >= 0.9999


def test_vectors_are_unit_float32_in_the_order_of_the_batch():
    encoder = real_encoder()
    texts = ["a long text that has some more words than the other ones", "short", "middle sized text"]
    batch = [encoder.tokenize(text) for text in texts]
    found = encoder.encode(batch)
    alone = np.concatenate([encoder.encode([one]) for one in batch])
    assert found.dtype == np.float32
    assert found.shape == (3, encoder.dim) == (3, 384)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(found, alone, atol=1e-5)


def test_an_empty_batch_gives_no_vectors():
    assert real_encoder().encode([]).shape == (0, 384)


def test_the_packaged_limit_of_128_tokens_is_gone():
    encoder = real_encoder()
    assert len(encoder.tokenize("word " * 200)) == 202
    assert len(encoder.tokenize("word " * 2000)) == 256


def test_the_end_of_a_long_prompt_counts():
    encoder = real_encoder()
    start = "Consider the following text. " * 60
    one, other = encoder.encode([encoder.tokenize(start + end) for end in ("Write SQL.", "Translate to French.")])
    assert one @ other < 0.999


def test_threads_share_one_encoder():
    encoder = real_encoder()
    ids = encoder.tokenize("Threads share one session.")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: encoder.encode([ids])[0], range(8)))
    assert all(np.array_equal(found[0], one) for one in found)


def test_runs_hold_at_most_eight_prompts_and_1024_tokens():
    runs = list(_runs([10] * 9 + [256] * 5))
    assert [len(run) for run in runs] == [8, 4, 2]
    assert sorted(row for run in runs for row in run) == list(range(14))


def test_a_missing_encoder_is_a_clear_error(tmp_path):
    with pytest.raises(EncoderInvalid, match="cannot load the encoder"):
        OnnxEncoder.load(tmp_path / ENCODER_FILE, tmp_path / TOKENIZER_FILE)


def test_another_graph_is_refused(tmp_path):
    graph = GraphWriter("other")
    graph.name_output(graph.add("Relu", "x"), "y")
    (tmp_path / ENCODER_FILE).write_bytes(serialise(graph.model([rows_of("x", 3)], {"y": 3})))
    with pytest.raises(EncoderInvalid, match="not input_ids"):
        OnnxEncoder.load(tmp_path / ENCODER_FILE, default_encoder_dir() / TOKENIZER_FILE)
