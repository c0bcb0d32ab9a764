"""Assertions between services: what is let in, and above all what is not."""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import OKPKey

from routeiq.kit.errors import AuthenticationError, ConfigurationError
from routeiq.kit.identity import Assertion, AssertionInvalid, AssertionVerifier
from routeiq.kit.principal import Principal, Role
from routeiq.kit.signing import LIFETIME_S, AssertionSigner

NOW = 1_800_000_000.0


class FakeClock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="module")
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture
def signer(key: Ed25519PrivateKey, clock: FakeClock) -> AssertionSigner:
    return AssertionSigner(key, "gateway", clock)


@pytest.fixture
def verifier(key: Ed25519PrivateKey, clock: FakeClock) -> AssertionVerifier:
    return AssertionVerifier([key.public_key()], "routing", clock)


def forge(key: Ed25519PrivateKey, alg: str = "Ed25519", **changes: object) -> str:
    """A token signed with the right key, with claims changed or, where None, left out."""
    claims = {"iss": "gateway", "sub": "gateway", "aud": "routing", "iat": int(NOW), "exp": int(NOW) + 60} | changes
    jwk = OKPKey.import_key(key)
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": alg, "kid": jwk.thumbprint()}, kept, jwk, algorithms=[alg])


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def test_a_signed_assertion_says_who_calls_for_whom(signer: AssertionSigner, verifier: AssertionVerifier) -> None:
    assertion = verifier.verify(signer.sign("routing", "key:abc"))
    assert assertion == Assertion("gateway", "key:abc", "routing", NOW + LIFETIME_S)


def test_an_assertion_is_what_a_jose_library_would_write(key: Ed25519PrivateKey, signer: AssertionSigner) -> None:
    written = OKPKey.import_key(key)
    claims = {"iss": "gateway", "sub": "ü", "aud": "routing", "iat": int(NOW), "exp": int(NOW) + LIFETIME_S}
    header = {"alg": "Ed25519", "kid": written.thumbprint(), "typ": "JWT"}
    expected = jwt.encode(header, claims, written, algorithms=["Ed25519"])
    ours = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in signer.sign("routing", "ü").split(".")[:2]]
    assert ours == [json.loads(base64.urlsafe_b64decode(part + "==")) for part in expected.split(".")[:2]]


def test_without_a_subject_the_issuer_speaks_for_itself(signer: AssertionSigner, verifier: AssertionVerifier) -> None:
    assert verifier.verify(signer.sign("routing")).subject == "gateway"


def test_an_assertion_is_reused_until_it_must_be_renewed(signer: AssertionSigner, clock: FakeClock) -> None:
    first = signer.sign("routing")
    clock.now += 39
    assert signer.sign("routing") == first
    clock.now += 2
    assert signer.sign("routing") != first


def test_each_audience_and_subject_has_its_own(signer: AssertionSigner) -> None:
    tokens = {signer.sign("routing"), signer.sign("control"), signer.sign("routing", "someone")}
    assert len(tokens) == 3


def test_another_service_refuses_it(signer: AssertionSigner, verifier: AssertionVerifier) -> None:
    with pytest.raises(AssertionInvalid, match="another service"):
        verifier.verify(signer.sign("control"))


def test_it_expires_even_when_it_was_verified_before(
    signer: AssertionSigner, verifier: AssertionVerifier, clock: FakeClock
) -> None:
    token = signer.sign("routing")
    verifier.verify(token)
    clock.now += LIFETIME_S + 4
    verifier.verify(token)
    clock.now += 2
    with pytest.raises(AssertionInvalid, match="expired"):
        verifier.verify(token)


def test_a_strangers_key_is_refused(verifier: AssertionVerifier, clock: FakeClock) -> None:
    stranger = AssertionSigner(Ed25519PrivateKey.generate(), "gateway", clock)
    with pytest.raises(AssertionInvalid):
        verifier.verify(stranger.sign("routing"))


def test_a_strangers_signature_under_our_key_id_is_refused(
    key: Ed25519PrivateKey, verifier: AssertionVerifier, signer: AssertionSigner
) -> None:
    ours, theirs = signer.sign("routing").split("."), forge(Ed25519PrivateKey.generate()).split(".")
    with pytest.raises(AssertionInvalid):
        verifier.verify(".".join([ours[0], theirs[1], theirs[2]]))


def test_any_of_several_keys_may_sign(key: Ed25519PrivateKey, clock: FakeClock) -> None:
    other = Ed25519PrivateKey.generate()
    verifier = AssertionVerifier([key.public_key(), other.public_key()], "routing", clock)
    for one in (key, other):
        assert verifier.verify(AssertionSigner(one, "gateway", clock).sign("routing")).issuer == "gateway"


@pytest.mark.parametrize("alg", ["none", "HS256", "EdDSA"])
def test_another_algorithm_is_refused(alg: str, key: Ed25519PrivateKey, verifier: AssertionVerifier) -> None:
    head, claims, signature = forge(key).split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    changed = b64(json.dumps(header | {"alg": alg}).encode())
    with pytest.raises(AssertionInvalid):
        verifier.verify(f"{changed}.{claims}.{signature if alg != 'none' else ''}")


def test_a_mac_made_with_our_public_key_is_refused(key: Ed25519PrivateKey, verifier: AssertionVerifier) -> None:
    head, claims, _ = forge(key).split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "==")) | {"alg": "HS256"}
    signed = f"{b64(json.dumps(header).encode())}.{claims}"
    secret = key.public_key().public_bytes_raw()
    with pytest.raises(AssertionInvalid):
        verifier.verify(f"{signed}.{b64(hmac.digest(secret, signed.encode(), 'sha256'))}")


@pytest.mark.parametrize(
    "token", ["", "a.b.c", "é.ü.ß", "e30.e30.e30", "x" * 3000, "e30..", "....", "eyJhbGciOiJFZDI1NTE5In0.e30.e30"]
)
def test_noise_is_refused(token: str, verifier: AssertionVerifier) -> None:
    with pytest.raises(AuthenticationError):
        verifier.verify(token)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": None},
        {"sub": 7},
        {"aud": ["routing", "control"]},
        {"iat": None},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": int(NOW) + 3600},
        {"iat": int(NOW) + 30, "exp": int(NOW) + 60},
        {"iat": int(NOW) - 120, "exp": int(NOW) - 60},
    ],
)
def test_claims_that_cannot_be_are_refused(
    changes: dict[str, object], key: Ed25519PrivateKey, verifier: AssertionVerifier
) -> None:
    with pytest.raises(AssertionInvalid):
        verifier.verify(forge(key, **changes))


def test_a_verifier_without_keys_does_not_start() -> None:
    with pytest.raises(ConfigurationError, match="no public key"):
        AssertionVerifier([], "routing")


def test_the_refusal_tells_nothing_of_our_keys(verifier: AssertionVerifier, signer: AssertionSigner) -> None:
    with pytest.raises(AssertionInvalid) as caught:
        verifier.verify(signer.sign("routing")[:-4] + "AAAA")
    assert caught.value.message == "the assertion is not one of ours"
    assert caught.value.status == 401


WHO = Principal("ab" * 32, Role.USER, "u-1", "t-1", "laptop", ("keys",))


@pytest.mark.parametrize("principal", [WHO, Principal("cd" * 32, Role.ADMIN)])
def test_a_principal_arrives_as_it_was(
    signer: AssertionSigner, verifier: AssertionVerifier, principal: Principal
) -> None:
    assertion = verifier.verify(signer.sign("routing", principal))
    assert (assertion.subject, assertion.principal) == (principal.key_id, principal)


def test_principals_that_differ_in_anything_have_assertions_of_their_own(signer: AssertionSigner) -> None:
    like = [WHO, replace(WHO, role=Role.ADMIN), replace(WHO, team_id="t-2"), replace(WHO, permissions=())]
    tokens = [signer.sign("routing", one) for one in like]
    assert len({*tokens, signer.sign("control", WHO), signer.sign("routing", WHO.key_id)}) == 6
    assert signer.sign("routing", replace(WHO)) == tokens[0]


@pytest.mark.parametrize(
    "claims",
    [{"role": "root"}, {"role": 1}, {"role": "user", "uid": 1}, {"role": "user", "perms": "keys"},
     {"role": "user", "perms": [None]}, {"role": "user", "alias": {}}],
)  # fmt: skip
def test_a_principal_that_is_not_possible_is_refused(
    key: Ed25519PrivateKey, verifier: AssertionVerifier, claims: dict[str, object]
) -> None:
    with pytest.raises(AssertionInvalid):
        verifier.verify(forge(key, **claims))
