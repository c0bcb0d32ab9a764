"""What no answer and no refusal says of the deployment that gave it."""

from __future__ import annotations

from routeiq.gateway.upstream.secrets import scrub, secrets_of
from tests.support.upstream import KEY, deployment

ONE = deployment(
    api_base="https://house.example:8443/v1",
    aws_secret_access_key="wJalrXUtnFEMI/K7MDENG",
    azure_ad_token="eyJhbGciOi.x.y",
    client_secret="short",
    aws_region_name="eu-central-1",
    max_tokens="12345678",
    extra_headers={"Authorization": "Bearer of-the-house", "x-team": "platform-team"},
)


def test_every_parameter_that_is_called_a_secret_is_one() -> None:
    known = {one.decode() for one in secrets_of(ONE)}
    assert known >= {KEY, "wJalrXUtnFEMI/K7MDENG", "eyJhbGciOi.x.y", "Bearer of-the-house", "of-the-house"}
    assert known.isdisjoint({"short", "eu-central-1", "platform-team"})


def test_none_of_them_is_in_a_refusal_nor_is_the_host() -> None:
    said = f"{KEY} of-the-house wJalrXUtnFEMI/K7MDENG eyJhbGciOi.x.y house.example:8443 sk-of-another platform-team"
    hidden = "[redacted]"
    assert (
        scrub(said.encode(), ONE).decode() == f"{hidden} {hidden} {hidden} {hidden} [upstream] {hidden} platform-team"
    )


def test_one_is_found_as_json_has_it() -> None:
    quoted = deployment(api_key='a"key\\of-ours')
    assert scrub(b'{"message":"no a\\"key\\\\of-ours"}', quoted) == b'{"message":"no [redacted]"}'


def test_without_any_nothing_is_cut() -> None:
    assert scrub(b"a plain text", deployment(api_key=None)) == b"a plain text"
