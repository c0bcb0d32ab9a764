"""What a provider may be asked for in a minute."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quota:
    """What all deployments of a provider may have in a minute, together and in all gateways; 0: nothing."""

    name: str
    rpm: int
    tpm: int
