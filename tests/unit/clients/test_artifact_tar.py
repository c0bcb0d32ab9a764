"""The tar of an artifact: the same bytes for the same content, and nothing else is read."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from routeiq.clients.artifact_parts import Parts, PartsInvalid, read_folder
from routeiq.clients.artifact_tar import pack, unpack
from tests.support.artifact_folders import FILES, entry, manifest_of, sealed, write_folder

MANIFEST = manifest_of(FILES)


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return read_folder(write_folder(tmp_path / "artifact"))


def tar_of(
    *entries: tuple[str, bytes], change: Callable[[tarfile.TarInfo], None] = lambda info: None, form: int = 0
) -> bytes:
    """As the standard library makes it, but for the padding."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as tar:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            change(info)
            tar.addfile(info, io.BytesIO(content))
    whole = stream.getvalue()
    return whole.rstrip(b"\0") + bytes(-len(whole.rstrip(b"\0")) % 512) + bytes(1024)


def whole(**options: object) -> bytes:
    files = sorted(FILES.items())
    return tar_of(("manifest.json", MANIFEST), *files, **options)  # type: ignore[arg-type]


def refusal(tar: bytes) -> str:
    with pytest.raises(PartsInvalid) as caught:
        unpack(tar)
    return caught.value.message


def test_what_was_packed_comes_back(parts: Parts) -> None:
    found = unpack(pack(parts))
    assert (found.artifact_id, found.manifest, found.signature) == (parts.artifact_id, parts.manifest, None)
    assert {path: bytes(content) for path, content in found.files.items()} == FILES


def test_a_signature_travels_too(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "artifact")
    (folder / "manifest.sig").write_bytes(b"signed\n")
    assert unpack(pack(read_folder(folder))).signature == b"signed\n"


def test_the_same_content_gives_the_same_bytes(parts: Parts, tmp_path: Path) -> None:
    again = write_folder(tmp_path / "again", dict(reversed(FILES.items())))
    (again / "manifest.json").write_bytes(MANIFEST)
    (again / "card.md").chmod(0o600)
    assert pack(read_folder(again)) == pack(parts)


def test_other_programs_read_it_and_can_make_it(parts: Parts) -> None:
    with tarfile.open(fileobj=io.BytesIO(pack(parts))) as tar:
        assert tar.getnames() == ["manifest.json", *sorted(FILES)]
    assert whole() == pack(parts)


def _link(info: tarfile.TarInfo) -> None:
    if info.name == "card.md":
        info.type, info.linkname, info.size = tarfile.SYMTYPE, "/etc/passwd", 0


def test_a_link_is_refused() -> None:
    assert "'card.md' is not a plain file" in refusal(whole(change=_link))


@pytest.mark.parametrize(
    "kind", [tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE, tarfile.GNUTYPE_SPARSE]
)
def test_other_kinds_are_refused(kind: bytes) -> None:
    assert "not a plain file" in refusal(
        tar_of(("manifest.json", b""), change=lambda info: setattr(info, "type", kind))
    )


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a/../../b", "a\\b"])
def test_a_name_that_leads_out_is_refused(name: str) -> None:
    assert "relative path" in refusal(tar_of(("manifest.json", MANIFEST), (name, b"x")))


@pytest.mark.parametrize(("field", "value"), [("mode", 0o4755), ("uid", 7), ("mtime", 5), ("uname", "root")])
def test_what_a_header_need_not_say_is_refused(field: str, value: object) -> None:
    assert "more than name and size" in refusal(whole(change=lambda info: setattr(info, field, value)))


def test_extended_headers_are_refused() -> None:
    assert "plain file" in refusal(tar_of(("x" * 200, b""), form=tarfile.PAX_FORMAT))
    assert "plain file" in refusal(tar_of(("x" * 200, b""), form=tarfile.GNU_FORMAT))


def test_a_file_that_the_manifest_does_not_name_is_refused() -> None:
    assert "zz.txt is not in the manifest" in refusal(
        tar_of(("manifest.json", MANIFEST), *sorted(FILES.items()), ("zz.txt", b""))
    )


def test_a_file_twice_is_refused() -> None:
    assert "twice" in refusal(tar_of(("manifest.json", MANIFEST), ("card.md", b""), ("card.md", b"")))


def test_another_order_is_refused() -> None:
    assert "order" in refusal(tar_of(*sorted(FILES.items()), ("manifest.json", MANIFEST)))
    assert "order" in refusal(tar_of())


def test_a_manifest_in_another_form_is_refused() -> None:
    assert "canonical" in refusal(tar_of(("manifest.json", MANIFEST + b"\n"), *sorted(FILES.items())))


def test_every_cut_and_every_flipped_bit_is_refused(parts: Parts) -> None:
    tar = pack(parts)
    for at in range(0, len(tar), 37):
        assert refusal(tar[:at])
        assert refusal(tar[:at] + bytes([tar[at] ^ 4]) + tar[at + 1 :])
    assert refusal(tar + b"\0")
    assert refusal(tar + tar)


def test_a_path_too_long_for_a_tar_is_said(tmp_path: Path) -> None:
    with pytest.raises(PartsInvalid, match="too long"):
        pack(read_folder(write_folder(tmp_path / "artifact", {"x" * 120: b""})))


def test_what_is_no_tar_is_refused() -> None:
    for content in (b"", b"x", b"\x1f\x8b" + b"x" * 1000, bytes(1024), bytes(10_000)):
        assert refusal(content)
    assert "no such" not in refusal(tar_of(("manifest.json", sealed({"files": [entry("a", b"")]}))))
