"""The cluster's certificate authority, a certificate for each of its parts, and kubeconfigs that use them.

All of it is made anew for each cluster and lives as long as it: a thief of these files gets a namespace that nothing
outside can reach.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tools.cluster.layout import API_SERVICE, API_URL, NODE, NODE_ADDRESS

LIFETIME = timedelta(days=30)
API_NAMES = (
    "127.0.0.1",
    NODE_ADDRESS,
    API_SERVICE,
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)


@dataclass(frozen=True)
class Subject:
    """Who a certificate is for. `user` and `group` are what RBAC sees; `names` are the addresses it serves at."""

    file: str
    user: str
    group: str = ""
    names: tuple[str, ...] = ()


SUBJECTS = (
    Subject("apiserver", "kube-apiserver", names=API_NAMES),
    Subject("kubelet-client", "apiserver-kubelet-client", "system:masters"),
    Subject("front-proxy", "front-proxy-client"),
    Subject("node", f"system:node:{NODE}", "system:nodes", ("127.0.0.1", NODE_ADDRESS, NODE)),
    Subject("admin", "admin", "system:masters"),
    Subject("controller-manager", "system:kube-controller-manager"),
    Subject("scheduler", "system:kube-scheduler"),
    Subject("proxy", "system:kube-proxy"),
)
WITH_KUBECONFIG = ("admin", "node", "controller-manager", "scheduler", "proxy")


def create(folder: Path) -> None:
    """ca.crt; NAME.crt and NAME.key of each subject; NAME.kubeconfig; sa.key and sa.pub of service accounts' tokens."""
    key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(key)
    _write(folder / "ca.crt", _pem(authority))
    for subject in SUBJECTS:
        own = ec.generate_private_key(ec.SECP256R1())
        _write(folder / f"{subject.file}.key", _private_pem(own))
        _write(folder / f"{subject.file}.crt", _pem(_certificate(subject, own.public_key(), authority, key)))
    for name in WITH_KUBECONFIG:
        _write(folder / f"{name}.kubeconfig", json.dumps(kubeconfig(folder, name), indent=1).encode())
    tokens = ec.generate_private_key(ec.SECP256R1())
    _write(folder / "sa.key", _private_pem(tokens))
    _write(folder / "sa.pub", tokens.public_key().public_bytes(*_PUBLIC))


def kubeconfig(folder: Path, name: str) -> dict[str, object]:
    cluster = {"server": API_URL, "certificate-authority": str(folder / "ca.crt")}
    user = {"client-certificate": str(folder / f"{name}.crt"), "client-key": str(folder / f"{name}.key")}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "routeiq", "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": "routeiq", "context": {"cluster": "routeiq", "user": name}}],
        "current-context": "routeiq",
    }


_PUBLIC = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "routeiq test cluster")])
    usage = _usage(signs_certificates=True)
    return (
        _lasting(x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _certificate(
    subject: Subject, public: ec.EllipticCurvePublicKey, authority: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    """Good for serving and for calling alike: the kubelet and the API server do both."""
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    builder = (
        _lasting(x509.CertificateBuilder().subject_name(_name(subject)).issuer_name(authority.subject))
        .public_key(public)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    if subject.names:
        builder = builder.add_extension(x509.SubjectAlternativeName(_alternatives(subject.names)), critical=False)
    return builder.sign(key, hashes.SHA256())


def _name(subject: Subject) -> x509.Name:
    group = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, subject.group)] if subject.group else []
    return x509.Name([*group, x509.NameAttribute(NameOID.COMMON_NAME, subject.user)])


def _alternatives(names: Iterable[str]) -> list[x509.GeneralName]:
    return [x509.IPAddress(found) if (found := _address(name)) else x509.DNSName(name) for name in names]


def _address(name: str) -> IPv4Address | None:
    try:
        found = ip_address(name)
    except ValueError:
        return None
    return found if isinstance(found, IPv4Address) else None


def _lasting(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    """From a little ago, for clocks that differ."""
    now = datetime.now(UTC)
    valid = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + LIFETIME)
    return valid.serial_number(x509.random_serial_number())


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)


def _write(path: Path, content: bytes) -> None:
    """For its owner alone: most of these are keys."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
