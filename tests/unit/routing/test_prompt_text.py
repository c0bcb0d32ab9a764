import time

import numpy as np
import pytest

from routeiq.routing.prompt_text import END_CHARS, FEATURE_NAMES, prompt_features, routing_text


def test_parts_are_joined_by_newlines_and_stripped():
    assert routing_text(["  Hello", "world \n"]) == "Hello\nworld"


def test_composed_and_decomposed_letters_give_the_same_text():
    assert routing_text(["cafe\u0301"]) == routing_text(["caf\u00e9"])


def test_windows_line_ends_give_the_same_text():
    assert routing_text(["a\r\nb"]) == "a\nb"


def test_a_short_text_is_kept_whole():
    text = "x" * (2 * END_CHARS)
    assert routing_text([text]) == text


def test_a_huge_text_keeps_both_ends():
    text = routing_text(["start " + "middle " * 10_000 + "end"])
    assert text.startswith("start")
    assert text.endswith("end")
    assert len(text) <= 2 * END_CHARS + 1


def test_unpaired_surrogates_become_question_marks():
    assert routing_text(["a\ud800b"]) == "a?b"


def test_no_parts_give_no_text():
    assert routing_text([]) == ""


def test_features_have_one_number_a_name_and_are_bounded():
    features = prompt_features("Which of these?\nA) 1\nB) 2\n```python\ndef f(): ...\n```")
    assert features.shape == (len(FEATURE_NAMES),)
    assert features.dtype == np.float32
    assert np.all((features >= 0) & (features <= 10))


@pytest.mark.parametrize(
    ("name", "text", "other"),
    [
        ("code_fence", "```x```", "x"),
        ("ends_as_question", "Really?", "Really."),
        ("options", "A) one B) two", "one two"),
        ("maths", "\\frac{1}{2}", "half"),
        ("refuses_form", "All EXCEPT one", "all except one"),
        ("digits", "1234", "abcd"),
    ],
)
def test_a_marker_is_seen(name, text, other):
    place = FEATURE_NAMES.index(name)
    assert prompt_features(text)[place] > prompt_features(other)[place]


def test_an_empty_prompt_has_features():
    assert np.isfinite(prompt_features("")).all()


@pytest.mark.parametrize("piece", ["\n", " \n", "$ ", "1,", "A", "((", "\\", "Aa ", "_", "- "])
def test_no_text_makes_the_patterns_slow(piece):
    text = routing_text([(piece * 2 * END_CHARS)[: 2 * END_CHARS - 1] + "x"])
    started = time.process_time()
    prompt_features(text)
    assert time.process_time() - started < 0.2
