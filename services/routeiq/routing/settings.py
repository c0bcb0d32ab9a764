"""The routing service's settings, from `ROUTEIQ_ROUTING_*` and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from routeiq.kit.errors import ConfigurationError
from routeiq.kit.settings import Paths, Port
from routeiq.kit.signatures import PublicKeys, read_public_keys

PREFIX = "ROUTEIQ_ROUTING_"
ENFORCE_SIGNED = (f"{PREFIX}ENFORCE_SIGNED", "LLMROUTER_ENFORCE_SIGNED_MODELS")
KEY_PATH, KEY_B64 = "LLMROUTER_MODEL_PUBLIC_KEY_PATH", "LLMROUTER_MODEL_PUBLIC_KEY_B64"
_CONTRACT = (KEY_PATH, KEY_B64, ENFORCE_SIGNED[1])
SHIPPED_ARTIFACT = Path(__file__).resolve().parent / "artifacts" / "default"


class Settings(BaseSettings):
    """Frozen. Times are seconds, sizes are entries."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True
    )

    host: str = "127.0.0.1"
    port: Port = 50051
    """0 takes a free port."""
    ops_host: str = "127.0.0.1"
    ops_port: Port = 50061
    """Liveness, readiness and metrics over HTTP."""
    drain_delay_s: Annotated[float, Field(ge=0)] = 0.0
    """After SIGTERM: how long calls are still taken while health already says no, for endpoints to notice."""
    drain_s: Annotated[float, Field(gt=0)] = 5.0
    """After that: how long calls that run may take; those of gateways have deadlines below a second."""
    identity_public_keys: Paths = ()
    """PEM files of the services that may call. Without one nothing starts: no call would be let in."""
    artifact_dir: Path = SHIPPED_ARTIFACT
    artifact_roots: Paths = ()
    """Where ValidateArtifact may look, besides the folder that holds `artifact_dir`."""
    artifact_public_keys: Paths = ()
    """PEM files. As soon as there is a key, only artifacts that one of the keys has signed are loaded."""
    artifact_public_key_path: Annotated[Path | None, Field(validation_alias=KEY_PATH)] = None
    artifact_public_key_b64: Annotated[str, Field(validation_alias=KEY_B64)] = ""
    """One more key each, by the contract's names."""
    allow_unsigned: bool = False
    """Without a key, load artifacts without a signature. The shipped one is part of the program and needs none."""
    enforce_signed: Annotated[bool, Field(validation_alias=AliasChoices(*ENFORCE_SIGNED))] = False
    """Load nothing unsigned, not even the shipped one."""
    nats_url: Annotated[SecretStr, Field(validation_alias="ROUTEIQ_NATS_URL")] = SecretStr("")
    """Where the fleet's wishes and artifacts are; empty: it serves its own artifact and follows nobody."""
    cache_dir: Path | None = None
    """Where fetched artifacts are kept, for a start without NATS; of this process alone. None: they go with it."""
    pod_name: Annotated[str, Field(validation_alias="POD_NAME")] = ""
    """What it is called in the fleet's roster; empty: a name of its own."""
    encoder_dir: Path | None = None
    """Holds `encoder.onnx` and `tokenizer.json`; None: where the installation keeps them."""
    threads: Annotated[int, Field(ge=0, le=64)] = 0
    """Threads of one encoder run; 0 chooses by the machine's cores."""
    batch_size: Annotated[int, Field(ge=1, le=64)] = 8
    queue_limit: Annotated[int, Field(ge=1)] = 128
    """Prompts that may wait for the encoder; more are answered by the cheap policy."""
    embedding_cache_size: Annotated[int, Field(ge=0)] = 8192
    prediction_cache_size: Annotated[int, Field(ge=0)] = 8192
    reply_reserve_s: Annotated[float, Field(ge=0.0)] = 0.02
    """Kept free before a call's deadline for sending the answer."""

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Self:
        """From the environment. Args: environ: of the start, with `.env`: the contract's names count there, too.

        Raises: ConfigurationError: names each variable that is wrong, never its value."""
        given: dict[str, Any] = {name: environ[name] for name in _CONTRACT if environ and environ.get(name)}
        try:
            return cls(**given)
        except ValidationError as error:
            raise ConfigurationError([_problem(one) for one in error.errors()]) from None

    @property
    def encoder_threads(self) -> int:
        """`threads`, or by default two where there are two cores to run them."""
        return self.threads or min(2, os.cpu_count() or 1)

    @property
    def roots(self) -> tuple[Path, ...]:
        """Resolved folders below which an artifact may be looked at."""
        return tuple(root.resolve() for root in (self.artifact_dir.absolute().parent, *self.artifact_roots))

    def public_keys(self) -> PublicKeys:
        """Reads the files anew, so that a key can be exchanged. Raises: ConfigurationError: one is not a key, or
        signatures are enforced without any."""
        files = [
            *self.artifact_public_keys,
            *([self.artifact_public_key_path] if self.artifact_public_key_path else []),
        ]
        keys = read_public_keys(files, [self.artifact_public_key_b64] if self.artifact_public_key_b64 else [])
        if self.enforce_signed and not keys:
            named = " or ".join(ENFORCE_SIGNED)
            raise ConfigurationError([f"{named} is set, but {PREFIX}ARTIFACT_PUBLIC_KEYS names no key"])
        return keys

    def is_trusted_place(self, directory: Path) -> bool:
        """Whether an artifact from there needs no signature: the shipped one, unless signatures are enforced."""
        return not self.enforce_signed and directory.resolve() == SHIPPED_ARTIFACT

    @property
    def may_be_unsigned(self) -> bool:
        """Whether an artifact from elsewhere loads without a signature where no key is configured."""
        return self.allow_unsigned and not self.enforce_signed


def _problem(error: Any) -> str:  # pydantic's ErrorDetails
    name = "_".join(str(part) for part in error["loc"][:1])
    variable = name if name.startswith(("ROUTEIQ_", "LLMROUTER_")) else f"{PREFIX}{name.upper()}"
    variable = " or ".join(ENFORCE_SIGNED) if variable in ENFORCE_SIGNED else variable
    return f"{variable}: {error['msg']}"
