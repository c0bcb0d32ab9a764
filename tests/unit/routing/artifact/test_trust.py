"""Whose artifacts are loaded: with a key those alone that it has signed."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from routeiq.kit.signatures import key_id, sign
from routeiq.routing.artifact import Trust, load_artifact, read_manifest, verify
from tests.support.artifacts import ENCODER, edit, problems_of, replace_file

KEY = Ed25519PrivateKey.generate()
OTHER = Ed25519PrivateKey.generate()
TRUST = Trust({key_id(one.public_key()): one.public_key() for one in (KEY, OTHER)})


@pytest.fixture
def signed(artifact_dir):
    write_signature(artifact_dir, KEY)
    return artifact_dir


def write_signature(directory, key):
    (directory / "manifest.sig").write_bytes(sign(read_manifest(directory).canonical(), key))


def test_what_one_of_the_keys_has_signed_loads(signed):
    assert load_artifact(signed, ENCODER, trust=TRUST)
    write_signature(signed, OTHER)
    assert verify(signed, trust=TRUST)


def test_the_form_of_the_manifest_does_not_matter(signed):
    path = signed / "manifest.json"
    path.write_bytes(read_manifest(signed).canonical())
    assert verify(signed, trust=TRUST)


def test_unsigned_is_refused_whatever_is_allowed_without_a_key(artifact_dir):
    assert "it is not signed" in problems_of(artifact_dir, trust=Trust(TRUST.keys, allow_unsigned=True))


def test_a_strangers_signature_is_refused(artifact_dir):
    write_signature(artifact_dir, Ed25519PrivateKey.generate())
    assert "which is none of" in problems_of(artifact_dir, trust=TRUST)


def test_a_signature_is_of_one_artifact_alone(signed):
    edit(signed, lambda manifest: manifest["training"].update(seed=99))
    assert "does not fit" in problems_of(signed, trust=TRUST)


def test_a_signed_manifest_holds_its_files(signed):
    replace_file(signed, "card.md", b"# Another card\n")
    assert "does not fit" in problems_of(signed, trust=TRUST)


def test_a_file_that_was_changed_is_refused_in_spite_of_the_signature(signed):
    content = bytearray((signed / "knn.onnx").read_bytes())
    content[100] ^= 1
    (signed / "knn.onnx").write_bytes(bytes(content))
    assert "knn.onnx is not the file that the manifest names" in problems_of(signed, trust=TRUST)


@pytest.mark.parametrize("content", [b"", b"{}", b"x" * 10_000])
def test_what_is_no_signature_is_refused(artifact_dir, content):
    (artifact_dir / "manifest.sig").write_bytes(content)
    assert "manifest.sig: the signature is not one" in problems_of(artifact_dir, trust=TRUST)


def test_a_signature_that_cannot_be_read_is_refused(artifact_dir):
    (artifact_dir / "manifest.sig").mkdir()
    for trust in (TRUST, Trust(allow_unsigned=False), Trust()):
        assert "manifest.sig cannot be read" in problems_of(artifact_dir, trust=trust)


def test_without_a_key_a_signature_is_not_looked_at(artifact_dir):
    (artifact_dir / "manifest.sig").write_bytes(b"anything")
    assert verify(artifact_dir, trust=Trust())
