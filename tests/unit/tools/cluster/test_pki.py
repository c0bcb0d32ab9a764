"""The cluster's certificates: what each may do, for whom, and who vouches for it."""

from __future__ import annotations

import json
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import PolicyBuilder, Store

from tools.cluster import pki
from tools.cluster.layout import API_SERVICE, NODE_ADDRESS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pki")
    pki.create(made)
    return made


def certificate(folder: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / f"{name}.crt").read_bytes())


@pytest.mark.parametrize("name", [subject.file for subject in pki.SUBJECTS])
def test_each_is_vouched_for_by_the_authority(folder: Path, name: str) -> None:
    certificate(folder, name).verify_directly_issued_by(certificate(folder, "ca"))


@pytest.mark.parametrize("name", [subject.file for subject in pki.SUBJECTS])
def test_each_key_is_that_of_its_certificate(folder: Path, name: str) -> None:
    ssl.create_default_context().load_cert_chain(folder / f"{name}.crt", folder / f"{name}.key")


@pytest.mark.parametrize("address", ["127.0.0.1", API_SERVICE, NODE_ADDRESS, "kubernetes.default.svc"])
def test_the_api_server_is_itself_wherever_it_is_called(folder: Path, address: str) -> None:
    names = certificate(folder, "apiserver").extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert address in [str(name.value) for name in names]


def test_a_strict_verifier_takes_the_api_server(folder: Path) -> None:
    verifier = PolicyBuilder().store(Store([certificate(folder, "ca")]))
    chain = verifier.build_server_verifier(x509.DNSName("kubernetes")).verify(certificate(folder, "apiserver"), [])
    assert [found.subject for found in chain] == [certificate(folder, name).subject for name in ("apiserver", "ca")]


@pytest.mark.parametrize(
    ("name", "user", "group"),
    [
        ("admin", "admin", "system:masters"),
        ("node", "system:node:node", "system:nodes"),
        ("scheduler", "system:kube-scheduler", None),
    ],
)
def test_rbac_sees_the_user_and_its_group(folder: Path, name: str, user: str, group: str | None) -> None:
    subject = certificate(folder, name).subject
    groups = [found.value for found in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    assert [found.value for found in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == [user]
    assert groups == ([group] if group else [])


def test_keys_are_their_owners_alone(folder: Path) -> None:
    assert {stat.S_IMODE(key.stat().st_mode) for key in folder.glob("*.key")} == {0o600}


def test_what_signs_tokens_is_what_the_api_server_checks_them_with(folder: Path) -> None:
    private = load_pem_private_key((folder / "sa.key").read_bytes(), None)
    assert private.public_key() == load_pem_public_key((folder / "sa.pub").read_bytes())


def test_a_kubeconfig_names_files_that_are_there(folder: Path) -> None:
    config = json.loads((folder / "admin.kubeconfig").read_text())
    user, cluster = config["users"][0]["user"], config["clusters"][0]["cluster"]
    named = [user["client-certificate"], user["client-key"], cluster["certificate-authority"]]
    assert all(Path(path).is_file() for path in named)
