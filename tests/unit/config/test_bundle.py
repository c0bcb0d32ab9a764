"""A bundle says the same as the files it was made of, wherever it is read, and is read from no disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from routeiq.config.bundle import MAX_BUNDLE_BYTES, MOST_FILES, Bundle, unpack
from routeiq.config.check import check_bundle
from routeiq.config.files import MAX_BYTES
from routeiq.config.gather import bundle_of
from routeiq.config.start import start_with, start_with_bundle
from routeiq.kit.errors import ConfigurationError

MODEL = "model_list:\n- {{model_name: {0}, litellm_params: {{model: simulated/{0}}}}}\n"
QUIET = {"ROUTEIQ_DISCOVERY": "false"}


def lines(**files: str) -> tuple[str, ...]:
    """What is wrong with a bundle whose document is `main`; `a_b` becomes `a/b.yaml`."""
    named = {f"conf/{name.replace('_', '/')}.yaml": text for name, text in files.items()}
    return check_bundle(Bundle("conf/main.yaml", named), {}).lines


def test_packing_depends_on_the_content_alone() -> None:
    one, other = Bundle("a", {"a": "ü: 1\n", "b": ""}), Bundle("a", {"b": "", "a": "ü: 1\n"})
    assert one.pack() == other.pack() == '{"files":{"a":"ü: 1\\n","b":""},"main":"a"}'.encode()
    assert one.digest == other.digest
    assert unpack(one.pack()) == one
    assert Bundle("b", dict(one.files)).digest != one.digest


def test_a_bundle_does_not_change_with_what_it_was_made_of() -> None:
    files = {"a": "x"}
    bundle = Bundle("a", files)
    files["a"] = "y"
    assert bundle.files["a"] == "x"
    assert "x" not in repr(bundle).replace("Bundle(main='a')", "")


@pytest.mark.parametrize(
    ("packed", "message"),
    [
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is not an object"),
        (b'{"main":"a","files":["a"]}', "is not an object"),
        (b'{"main":"a","files":{"a":"x"},"more":1}', "is not an object"),
        (b'{"main":"a","files":{"b":"x"}}', "does not hold its document"),
        (b'{"main":["a"],"files":{"b":"x"}}', "does not hold its document"),
        (b'{"main":"a","files":{"a":5}}', "a: is not text"),
        (b'{"main":"a","files":{"a":"\\ud800"}}', "a: is not UTF-8 text"),
        (b'{"main":"a","files":{"a":"x","b\\n":"x"}}', "a file of the name 'b\\n'"),
        (b" " * (MAX_BUNDLE_BYTES + 1), "are larger than 16 MiB together"),
    ],
)
def test_what_is_no_bundle_is_refused(packed: bytes, message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        unpack(packed)
    assert message in str(refused.value)


def test_a_bundle_is_bounded() -> None:
    with pytest.raises(ConfigurationError, match="a: is larger than 4 MiB"):
        Bundle("a", {"a": "ü" * (MAX_BYTES // 2 + 1)})
    with pytest.raises(ConfigurationError, match="more than 102 files"):
        Bundle("0", {str(number): "" for number in range(MOST_FILES + 1)})
    with pytest.raises(ConfigurationError, match="larger than 16 MiB together"):
        Bundle("0", {str(number): "x" * MAX_BYTES for number in range(5)})


def test_problems_name_the_sources_files_and_lines() -> None:
    assert lines(
        main=MODEL.format("a") + "include: [sub/b.yaml]\nrouter_settings: {num_retries: -1}\n",
        sub_b="\nrouter_settings: {timeout: x}\ninclude: [../c.yaml]\n",
        c="\n\n\nlitellm_settings: {num_retries: x}\n",
    ) == (
        "conf/main.yaml:4: router_settings.num_retries: must be greater than or equal to 0",
        "conf/sub/b.yaml:2: router_settings.timeout: must be a number",
        "conf/c.yaml:4: litellm_settings.num_retries: must be a whole number",
    )


@pytest.mark.parametrize("name", ["/etc/passwd", "../../../../etc/passwd", "b.yaml", "/dev/zero", "main.yaml/../b"])
def test_nothing_is_read_from_this_machine(name: str) -> None:
    (found,) = lines(main=MODEL.format("a") + f"include: [{name}]\n")
    assert found.startswith("conf/main.yaml:3: include[0]: ")
    assert found.endswith(": did not come with the document")


def test_no_file_is_included_twice() -> None:
    assert lines(main=MODEL.format("a") + "include: [sub/../main.yaml]\n") == (
        "conf/main.yaml:3: include[0]: conf/main.yaml is included twice",
    )


def test_a_bundle_of_files_serves_what_they_serve(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "main.yaml").write_text(MODEL.format("a") + "include: [sub/b.yaml]\n")
    (tmp_path / "sub" / "b.yaml").write_text(
        "\N{BYTE ORDER MARK}" + MODEL.format("b") + "include: [../c.yaml]\n", "utf-8"
    )
    (tmp_path / "c.yaml").write_text("router_settings: {routing_strategy_args: {llm_data_path: prices.json}}\n")
    said = {"a": {"cost_per_1k_tokens": 0.5}, "b": {"context_window": 99}}
    (tmp_path / "prices.json").write_text(json.dumps(said))
    own = start_with(tmp_path / "main.yaml", QUIET).state
    bundle = bundle_of(tmp_path / "main.yaml")
    for file in tmp_path.glob("*.*"):
        file.unlink()
    sent = start_with_bundle(unpack(bundle.pack()), QUIET).state
    assert sent == own
    assert (list(sent.groups)[:2], sent.warnings) == (["a", "b"], ())


def test_data_of_another_machine_is_a_warning() -> None:
    text = MODEL.format("a") + "router_settings: {routing_strategy_args: {llm_data_path: ../../x.json}}\n"
    assert lines(main=text) == (
        "conf/main.yaml:3: router_settings.routing_strategy_args.llm_data_path: warning: is not a file on this machine",
    )
