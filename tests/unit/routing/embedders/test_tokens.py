import pytest

from routeiq.routing.embedders.tokens import CLS, MAX_TOKENS, SEP, head, window


@pytest.mark.parametrize("count", [0, 1, 254])
def test_what_fits_is_kept_whole(count):
    content = list(range(1000, 1000 + count))
    assert window(content) == [CLS, *content, SEP] == head(content)


def test_a_long_text_keeps_its_first_and_last_half():
    content = list(range(1000, 2000))
    ids = window(content)
    assert len(ids) == MAX_TOKENS
    assert ids == [CLS, *content[:127], *content[-127:], SEP]


def test_the_head_is_what_sentence_transformers_cuts_to():
    content = list(range(1000, 2000))
    assert head(content) == [CLS, *content[:254], SEP]
