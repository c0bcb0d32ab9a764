"""A gateway judges a document by its own environment and serves on as before."""

from __future__ import annotations

from routeiq.api.fleet.v1 import fleet_pb2 as pb
from routeiq.gateway.release.validating import LONGEST_SAID, MOST_SAID, Validator
from tests.support.documents import bundle_of, text_of


async def judged(packed: bytes, **environ: str) -> pb.ValidateDocumentResponse:
    async def fetch(digest: str) -> bytes:
        assert digest == "d" * 64
        return packed

    asked = pb.ValidateDocumentRequest(document="d" * 64).SerializeToString()
    said = await Validator(fetch, environ, "me").answer(asked)
    return pb.ValidateDocumentResponse.FromString(said)


async def test_a_document_that_would_serve() -> None:
    said = await judged(bundle_of(text_of("a", more="routeiq: {strategies: 1}\n")).pack())
    assert (said.valid, list(said.errors), said.replica) == (True, [], "me")
    assert said.config_version.startswith("c")
    assert "." not in said.config_version
    assert "config.yaml:3: routeiq.strategies: " in said.warnings[0]


async def test_every_error_has_its_line() -> None:
    said = await judged(bundle_of("model_list: []\nlitellm_settings: {num_retries: -1, timezone: Mars}\n").pack())
    assert not said.valid
    assert [error.split(": ")[:2] for error in said.errors] == [
        ["config.yaml:2", "litellm_settings.num_retries"],
        ["config.yaml:2", "litellm_settings.timezone"],
    ]


async def test_its_own_environment_counts() -> None:
    packed = bundle_of(text_of("a") + "general_settings: {master_key: os.environ/THE_KEY}\n").pack()
    assert (await judged(packed, THE_KEY="sk-long-enough-to-be-one")).valid
    without = await judged(packed)
    assert not without.valid
    assert "THE_KEY" in without.errors[0]


async def test_what_is_no_bundle_is_an_error_of_it() -> None:
    said = await judged(b"[]")
    assert (said.valid, len(said.errors)) == (False, 1)


async def test_an_answer_fits_in_a_message() -> None:
    entries = "".join(f"- {{model_name: m{n}, litellm_params: {{model: []}}}}\n" for n in range(2 * MOST_SAID))
    said = await judged(bundle_of(f"model_list:\n{entries}").pack())
    assert len(said.errors) == MOST_SAID + 1
    assert said.errors[-1] == f"and {MOST_SAID} more"
    assert said.ByteSize() < (MOST_SAID + 1) * LONGEST_SAID
