"""Where public keys are configured, a document counts only as it was signed, with all that it includes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from routeiq.config_sync.sources.document import DocumentSource, etag_of, sums
from routeiq.config_sync.sources.file import FilePlace
from routeiq.config_sync.sources.place import Content
from routeiq.kit.signatures import SignatureInvalid, key_id, sign

KEY = Ed25519PrivateKey.generate()
PUBLIC = {key_id(KEY.public_key()): KEY.public_key()}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def folder(path: Path) -> DocumentSource:
    """A signed document that includes another."""
    (path / "sub").mkdir()
    (path / "c.yaml").write_text("include: [sub/b.yaml]\n")
    (path / "sub" / "b.yaml").write_text("b: 1\n")
    (path / "c.yaml.sig").write_bytes(sign(signed("include: [sub/b.yaml]\n", "b: 1\n"), KEY))
    return DocumentSource(FilePlace(path / "c.yaml"), PUBLIC)


def signed(main: str, included: str) -> bytes:
    """What `cd conf && sha256sum c.yaml sub/b.yaml` prints."""
    return f"{digest(main)}  c.yaml\n{digest(included)}  sub/b.yaml\n".encode()


async def test_a_signed_document_is_taken(tmp_path: Path) -> None:
    fetched = await folder(tmp_path).fetch(None)
    assert fetched is not None
    assert fetched.signed_by == key_id(KEY.public_key())
    assert f"{tmp_path}/c.yaml.sig" not in fetched.bundle.files


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("c.yaml", "include: [sub/b.yaml]\n# and more\n"),
        ("sub/b.yaml", "b: 2\n"),
        ("c.yaml", "b: 1\n"),
        ("c.yaml.sig", "{}"),
        ("c.yaml.sig", sign(signed("include: [sub/b.yaml]\n", "b: 1\n"), Ed25519PrivateKey.generate()).decode()),
    ],
)
async def test_what_was_changed_is_refused(tmp_path: Path, file: str, text: str) -> None:
    source = folder(tmp_path)
    first = await source.fetch(None)
    assert first is not None
    (tmp_path / file).write_text(text)
    for _ in range(2):
        with pytest.raises(SignatureInvalid, match=r"c\.yaml\.sig: "):
            await source.fetch(first.etag)


async def test_no_signature_is_refused(tmp_path: Path) -> None:
    source = folder(tmp_path)
    (tmp_path / "c.yaml.sig").unlink()
    with pytest.raises(SignatureInvalid, match=r"c\.yaml\.sig: is not there, and only signed documents are accepted"):
        await source.fetch(None)
    (tmp_path / "c.yaml.sig").write_bytes(sign(signed("include: [sub/b.yaml]\n", "b: 1\n"), KEY))
    assert await source.fetch(None) is not None


@pytest.mark.parametrize(
    ("main", "other", "name"),
    [
        ("c.yaml", "b.yaml", "b.yaml"),
        ("conf/c.yaml", "conf/x/b.yaml", "x/b.yaml"),
        ("conf/c.yaml", "b.yaml", "../b.yaml"),
        ("/etc/c.yaml", "/etc/b.yaml", "b.yaml"),
        ("conf/c.yaml", "/etc/b.yaml", "/etc/b.yaml"),
    ],
)
def test_names_are_relative_so_that_a_folder_may_move(main: str, other: str, name: str) -> None:
    one, two = Content(b"1", "", ""), Content(b"2", "", "")
    lines = sorted([f"{digest('1')}  c.yaml\n", f"{digest('2')}  {name}\n"], key=lambda line: line[66:])
    assert sums(main, {main: one, other: two, "absent.json": None}) == "".join(lines).encode()


def test_an_etag_stands_for_all_files() -> None:
    main, one, two = (Content(b"", "", version) for version in ("m", "1", "2"))
    alone = etag_of("m", {"m": main})
    states = [{"a": one}, {"a": two}, {"b": one}, {"a": None}, {"a": one, "b": one}]
    etags = [etag_of("m", {"m": main, **state}) for state in states]
    assert alone == "m"
    assert len({alone, *etags}) == 6
    assert all(etag.startswith("m+") for etag in etags)
