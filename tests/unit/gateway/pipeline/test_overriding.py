"""Which override holds while control cannot be asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from routeiq.clients.control import ControlClient
from routeiq.config.state import OverrideEntry
from routeiq.gateway.callers.overrides import Customer, Override, Overrides
from routeiq.gateway.pipeline.overriding import OverrideUnserved, Overriding
from routeiq.kit.signing import AssertionSigner
from tests.support.twins import deployment, state

DOCUMENT = replace(
    state(deployment("a")),
    overrides=(OverrideEntry("ada", None, "p", "m"), OverrideEntry("ada", "docs", "p", "n")),
    has_overrides=True,
)


def overriding(*, strict: bool = False) -> Overriding:
    nobody = ControlClient("", AssertionSigner(Ed25519PrivateKey.generate(), issuer="gateway"))
    return Overriding(Overrides(nobody), strict=strict)


@pytest.mark.parametrize(
    ("customer", "override"),
    [
        (Customer("ada", ""), Override("p", "m")),
        (Customer("ada", "other"), Override("p", "m")),
        (Customer("ada", "docs"), Override("p", "n", specific=True)),
        (Customer("bob", ""), None),
    ],
)
async def test_what_the_document_says_holds(customer: Customer, override: Override | None) -> None:
    assert await overriding().get(DOCUMENT, customer) == override


async def test_strict_settings_wait_for_what_control_may_say_of_the_service() -> None:
    with pytest.raises(OverrideUnserved):
        await overriding(strict=True).get(DOCUMENT, Customer("ada", "other"))


@pytest.mark.parametrize("strict", [False, True])
def test_without_a_control_the_document_alone_is_asked(*, strict: bool) -> None:
    assert Overriding(strict=strict).known(DOCUMENT, Customer("ada", "other")) == Override("p", "m")
