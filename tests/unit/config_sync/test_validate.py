"""What is found in a document here, and what others say of it."""

from __future__ import annotations

import pytest

from routeiq.api.fleet.v1 import fleet_pb2 as pb
from routeiq.config.bundle import Bundle
from routeiq.config_sync.validate import Judges, read_document
from routeiq.kit.errors import InvalidRequest, RouteIQError, Unavailable

MODEL = "model_list:\n  - model_name: m\n    litellm_params: {model: openai/m, api_key: os.environ/NOBODY_HAS_IT%s}\n"


def read(text: str) -> tuple[str, ...]:
    return read_document(Bundle("config.yaml", {"config.yaml": text})).errors


def test_variables_that_are_not_set_here_are_no_errors() -> None:
    assert read(MODEL % ", api_base: os.environ/NOR_THIS, rpm: os.environ/NOR_THAT") == ()


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ("router_settings: {routing_strategy: fastest}", "config.yaml:4: router_settings.routing_strategy"),
        ("routeiq: {rollout: {canary: {replicas: 0}}}", "config.yaml:4: routeiq.rollout.canary"),
        ("routeiq: {rollout: {canary: {}}}", "config.yaml:4: routeiq.rollout.canary"),
        ("routeiq: [", "config.yaml:4: is not valid YAML"),
        ("general_settings: {database_url: os.environ/}", "config.yaml:4: general_settings.database_url"),
    ],
)
def test_everything_else_is_with_its_line(more: str, where: str) -> None:
    errors = read(MODEL % "" + more)
    assert errors
    assert errors[0].startswith(where), errors


def test_the_plan_is_the_documents() -> None:
    text = MODEL % "" + "routeiq: {artifact: ab, rollout: {canary: {share: 0.25, observe_s: 5}, max_error_rate: 0.1}}"
    reading = read_document(Bundle("config.yaml", {"config.yaml": text}))
    assert (reading.plan.canary_share, reading.plan.observe_s, reading.plan.max_error_rate) == (0.25, 5, 0.1)
    assert (reading.artifact, reading.config_version[0], len(reading.config_version)) == ("ab", "c", 13)
    assert read_document(Bundle("c", {"c": MODEL % ""})).plan.canary_replicas == 0


def answered(valid: bool, *errors: str) -> Judges:  # as the answer has it
    async def ask(subject: str, question: bytes, timeout_s: float) -> bytes:
        assert pb.ValidateDocumentRequest.FromString(question).document == "digest"
        return pb.ValidateDocumentResponse(valid=valid, errors=errors, replica="g1").SerializeToString()

    return Judges(ask, None)


async def test_a_gateway_judges() -> None:
    assert (await answered(True).judge("digest", "")).errors == ()
    verdict = await answered(False, "config.yaml:3: no").judge("digest", "")
    assert (verdict.errors, verdict.by) == (("config.yaml:3: no",), ("config-sync", "gateway g1"))
    assert (await answered(False).judge("digest", "")).errors == ("the gateway refuses it",)


@pytest.mark.parametrize(
    ("raised", "errors", "silent"),
    [(Unavailable("away"), (), ("gateway", "routing")), (InvalidRequest("no"), ("no",), ("gateway",))],
)
async def test_who_does_not_answer_is_named(
    raised: RouteIQError, errors: tuple[str, ...], silent: tuple[str, ...]
) -> None:
    async def ask(subject: str, question: bytes, timeout_s: float) -> bytes:
        raise Unavailable("nobody")

    async def opened(artifact: str) -> tuple[str, ...]:
        raise raised

    verdict = await Judges(ask, opened).judge("digest", "artifact")
    assert (verdict.errors, verdict.silent) == (errors, silent)


async def test_routing_is_asked_of_what_is_new_alone() -> None:
    asked: list[str] = []

    async def ask(subject: str, question: bytes, timeout_s: float) -> bytes:
        raise Unavailable("nobody")

    async def opened(artifact: str) -> tuple[str, ...]:
        asked.append(artifact)
        return ("the hash of model.onnx differs",)

    judges = Judges(ask, opened)
    assert (await judges.judge("digest", "")).errors == ()
    assert (await judges.judge("digest", "a")).errors == ("the hash of model.onnx differs",)
    assert asked == ["a"]
