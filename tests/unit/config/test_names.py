"""Names are text of one line: what clients send, headers repeat and logs show cannot be cut in two."""

from __future__ import annotations

import pytest

from tests.support.config_documents import built, entry, errors, models

CONTROL = "must not hold line breaks or other control characters"
SPACE = "must not begin or end with a space"
BAD = [
    (r'"a\nb"', CONTROL), (r'"a\tb"', CONTROL), (r'"a\0"', CONTROL), (r'"\x7f"', CONTROL), (r'"\x85"', CONTROL),
    (r'"a\u2028b"', CONTROL), (r'"a\x1b[31m"', CONTROL), (r'"a\n"', CONTROL), ('" a"', SPACE), ('"a "', SPACE),
    (r'"a\u00a0"', SPACE), ('" "', SPACE),
]  # fmt: skip


@pytest.mark.parametrize(("name", "message"), BAD)
def test_a_name_that_is_not_one_line_is_refused(name: str, message: str) -> None:
    assert errors("x: 1\n" + models(entry("good"), entry(name))) == [
        f"f.yaml:4: model_list[1].model_name: {message}",
    ]


@pytest.mark.parametrize(
    ("one", "path"),
    [
        (entry(model=r'"openai/a\rb"'), "litellm_params.model"),
        (entry(params=r'custom_llm_provider: "a\rb"'), "litellm_params.custom_llm_provider"),
        (entry(info=r'id: "a\rb"'), "model_info.id"),
        (entry(info=r'base_model: "a\rb"'), "model_info.base_model"),
        (entry(info=r'routeiq: {like: "a\rb"}'), "model_info.routeiq.like"),
    ],
)
def test_so_are_all_names_of_a_model(one: str, path: str) -> None:
    assert errors(models(one)) == [f"f.yaml:2: model_list[0].{path}: {CONTROL}"]


def test_so_is_the_name_of_the_learned_group() -> None:
    assert errors(models(entry()) + 'routeiq: {auto: {name: "auto "}}\n') == [f"f.yaml:3: routeiq.auto.name: {SPACE}"]


def test_so_is_a_name_from_the_environment_and_is_not_shown() -> None:
    text = models(entry("os.environ/NAME"))
    assert errors(text, {"NAME": "secret\n"}) == [f"f.yaml:2: model_list[0].model_name: {CONTROL}"]


def test_a_reference_to_such_a_name_does_not_repeat_it() -> None:
    text = models(entry(r'"model-a\n"')) + "routeiq: {auto: {models: [model-a]}}\n"
    assert errors(text) == [
        f"f.yaml:2: model_list[0].model_name: {CONTROL}",
        "f.yaml:3: routeiq.auto.models[0]: there is no such model",
    ]


@pytest.mark.parametrize("name", ["a b", "modèle", "模型", "a/b:c@d", "👩‍🔬"])
def test_other_names_are_anyones_choice(name: str) -> None:
    assert name in built(models(entry(f'"{name}"'))).groups
