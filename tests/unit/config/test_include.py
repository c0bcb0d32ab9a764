"""Documents of several files: what is joined, and that each problem names its file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from routeiq.config.build import load_state, version_of
from routeiq.config.check import check
from routeiq.config.include import MOST_FILES
from routeiq.config.load import load

MODEL = "model_list:\n- {{model_name: {0}, litellm_params: {{model: simulated/{0}}}}}\n"


def write(folder: Path, **files: str) -> Path:
    """`a_b` becomes `a/b.yaml`. Returns: `main.yaml`."""
    for name, text in files.items():
        path = folder / f"{name.replace('_', '/')}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder / "main.yaml"


def lines(main: Path) -> list[str]:
    """Without the folder."""
    return [line.replace(f"{main.parent}/", "") for line in check(main, {}).lines]


def test_lists_and_mappings_are_joined_in_order(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        main=MODEL.format("a") + "include: [b.yaml, sub/c.yaml]\nrouter_settings: {num_retries: 1}\n",
        b=MODEL.format("b") + "router_settings: {timeout: 5}\n",
        sub_c=MODEL.format("c") + "include: [d.yaml]\ngeneral_settings: {master_key: sk-long-enough-key}",
        sub_d=MODEL.format("d"),
    )
    state = load_state(main, {})
    assert list(state.groups) == ["a", "b", "c", "d", "all-MiniLM-L6-v2"]
    assert (state.routing.num_retries, state.routing.timeout_s, state.master_key) == (1, 5, "sk-long-enough-key")
    assert lines(main) == []


def test_version_is_that_of_the_whole(tmp_path: Path) -> None:
    main = write(tmp_path, main="include: [b.yaml]\n", b=MODEL.format("b"))
    (tmp_path / "one.yaml").write_text(MODEL.format("b"))
    assert version_of(load(main, {}).raw) == version_of(load(tmp_path / "one.yaml", {}).raw)


def test_problems_name_the_file_and_line_that_they_are_in(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        main=MODEL.format("a") + "include: [b.yaml]\nrouter_settings: {num_retries: -1}\n",
        b="# models\nmodel_list:\n- {model_name: b, litellm_params: {model: simulated/b}}\n"
        "- model_name: c\n  litellm_params: {model: openai/x, api_key: os.environ/NONE, rpm: x}\n"
        "router_settings: {num_retrys: 1, fallbacks: [{b: [zz]}]}\n",
    )
    assert lines(main) == [
        "main.yaml:4: router_settings.num_retries: must be greater than or equal to 0",
        "b.yaml:5: model_list[1].litellm_params.api_key: environment variable NONE is not set",
        "b.yaml:5: model_list[1].litellm_params.rpm: warning: orders the deployments of its group; it is no limit yet",
        "b.yaml:5: model_list[1].litellm_params.rpm: must be a number",
        "b.yaml:6: router_settings.num_retrys: warning: unknown key; did you mean num_retries?",
        "b.yaml:6: router_settings.fallbacks[0].b[0]: there is no such model",
    ]


def test_key_of_two_files_is_an_error(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        main="model_list: []\nrouter_settings:\n  num_retries: 1\ninclude: [b.yaml]\n",
        b="router_settings: {num_retries: 1}\nmodel_list: {}\n",
    )
    assert [line for line in lines(main) if "warning" not in line] == [
        "b.yaml:1: router_settings.num_retries: is given in main.yaml:3 too; keep one of them",
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("[none.yaml]", "main.yaml:2: include[0]: none.yaml: cannot be read: No such file or directory"),
        ("[main.yaml]", "main.yaml:2: include[0]: main.yaml is included twice"),
        ("[ring.yaml]", "ring.yaml:1: include[0]: ring.yaml is included twice"),
        ("[b.yaml, ./b.yaml]", "main.yaml:2: include[1]: b.yaml is included twice"),
        ("[broken.yaml]", "broken.yaml:2: is not valid YAML"),
        ("[list.yaml]", "main.yaml:2: include[0]: list.yaml must be a mapping with sections"),
        ("b.yaml", "main.yaml:2: include: must be a list of files"),
        ("[5]", "main.yaml:2: include[0]: must be the name of a file"),
        ("[/dev/zero]", "main.yaml:2: include[0]: /dev/zero: cannot be read: it is not a regular file"),
    ],
)
def test_faulty_include(tmp_path: Path, given: str, message: str) -> None:
    main = write(
        tmp_path,
        main=MODEL.format("a").replace("model_list:\n-", "model_list: [").replace("}}\n", "}}]\n")
        + f"include: {given}\n",
        b="{}",
        ring="include: [ring.yaml]",
        broken="a: b\n- c",
        list="- a",
    )
    found = [line.replace(f"{tmp_path}/", "") for line in check(main, {}).errors]
    assert len(found) == 1, found
    assert found[0].startswith(message), found


def test_files_are_bounded(tmp_path: Path) -> None:
    names = [f"f{number}.yaml" for number in range(MOST_FILES + 1)]
    for name in names:
        (tmp_path / name).write_text("{}")
    main = write(tmp_path, main=f"model_list: []\ninclude: [{', '.join(names)}]\n")
    assert "is one file too many; 100 may be included" in check(main, {}).errors[0]


def test_empty_include_is_nothing(tmp_path: Path) -> None:
    assert check(write(tmp_path, main=MODEL.format("a") + "include:\n"), {}).ok
