"""Which files go with a document, and what is said of those that cannot be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from routeiq.config.check import check, check_bundle
from routeiq.config.gather import Gathering, Wanted, bundle_of
from routeiq.config.include import MOST_FILES
from routeiq.kit.errors import ConfigurationError


def names(wanted: tuple[Wanted, ...]) -> list[str]:
    return [one.name for one in wanted]


def test_files_are_asked_for_once_and_by_level() -> None:
    gathering = Gathering("p/main.yaml", "include: [b.yaml, ./b.yaml, ../c.yaml, main.yaml]\n")
    b, c = gathering.open()
    assert (b.name, c.name, c.written, c.by) == ("p/b.yaml", "c.yaml", "../c.yaml", "p/main.yaml")
    gathering.add(b, "include: [d.yaml, ../c.yaml]\n")
    gathering.add(c, "{}")
    (d,) = gathering.open()
    gathering.add(d, "x: [")
    assert gathering.open() == ()
    assert sorted(gathering.bundle().files) == ["c.yaml", "p/b.yaml", "p/d.yaml", "p/main.yaml"]


def test_data_is_asked_for_when_its_path_is_known() -> None:
    gathering = Gathering("main.yaml", "include: [b.yaml]\n")
    (b,) = gathering.open()
    gathering.add(b, "router_settings: {routing_strategy_args: {llm_data_path: data/x.json}}\n")
    (data,) = gathering.open()
    assert (data.name, data.optional) == ("data/x.json", True)
    gathering.add(data, "include: [z.yaml]")
    assert gathering.open() == ()
    assert gathering.bundle().files["data/x.json"] == "include: [z.yaml]"


@pytest.mark.parametrize("path", ["os.environ/DATA", "5", "''", "[x]", "null"])
def test_data_of_the_reader_or_of_nobody_is_not_asked_for(path: str) -> None:
    gathering = Gathering("m", f"router_settings: {{routing_strategy_args: {{llm_data_path: {path}}}}}\n")
    assert gathering.open() == ()


def test_what_cannot_be_had_is_named_where_it_is_wanted() -> None:
    gathering = Gathering("main.yaml", "\ninclude:\n- a.yaml\n- b.yaml\n")
    a, b = gathering.open()
    gathering.add(b, "llm_data_path: never looked at while something is missing\n")
    gathering.fail(a, "a.yaml: is not there")
    assert gathering.open() == ()
    with pytest.raises(ConfigurationError) as failed:
        gathering.bundle()
    assert failed.value.problems == ["main.yaml:3: include[0]: a.yaml: is not there"]


def test_a_document_goes_without_its_data() -> None:
    gathering = Gathering("m", "router_settings: {routing_strategy_args: {llm_data_path: x.json}}\n")
    (data,) = gathering.open()
    gathering.fail(data, "x.json: is not there")
    assert list(gathering.bundle().files) == ["m"]


def test_what_is_too_much_is_left_to_the_loading() -> None:
    many = ", ".join(f"f{number}.yaml" for number in range(MOST_FILES + 5))
    gathering = Gathering("m", f"model_list: []\ninclude: [{many}]\n")
    wanted = gathering.open()
    assert len(wanted) == MOST_FILES
    for one in wanted:
        gathering.add(one, "{}")
    assert gathering.open() == ()
    assert "f100.yaml is one file too many" in check_bundle(gathering.bundle(), {}).errors[0]


@pytest.mark.parametrize("text", ["include: {a: b}", "include: [5]", "include", "- include", "x: [include"])
def test_a_broken_document_is_left_to_the_loading(text: str) -> None:
    gathering = Gathering("m", text)
    assert gathering.open() == ()
    assert not check_bundle(gathering.bundle(), {}).ok


def test_files_of_the_disk_are_found_as_a_start_finds_them(tmp_path: Path) -> None:
    """A name goes through the links of its folder."""
    (tmp_path / "releases" / "5").mkdir(parents=True)
    (tmp_path / "current").symlink_to("releases/5")
    (tmp_path / "releases" / "5" / "main.yaml").write_text("model_list: []\ninclude: [../shared.yaml]\n")
    (tmp_path / "releases" / "shared.yaml").write_text("router_settings: {num_retries: 4}\n")
    (tmp_path / "shared.yaml").write_text("router_settings: {num_retries: 5}\n")
    main = tmp_path / "current" / "main.yaml"
    assert "4" in bundle_of(main).files[str(tmp_path / "shared.yaml")]
    assert check(main, {}).ok


def test_a_disk_that_cannot_be_read_says_what_a_start_says(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text("model_list: []\ninclude: [none.yaml, bad.yaml]\n")
    (tmp_path / "bad.yaml").write_bytes(b"\n\xff")
    with pytest.raises(ConfigurationError) as failed:
        bundle_of(tmp_path / "main.yaml")
    assert tuple(failed.value.problems) == check(tmp_path / "main.yaml", {}).errors
    with pytest.raises(ConfigurationError, match="No such file"):
        bundle_of(tmp_path / "other.yaml")
