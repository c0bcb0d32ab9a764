"""The routing service's settings, from `ROUTEIQ_ROUTING_*` and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from routeiq.kit.errors import ConfigurationError
from routeiq.kit.settings import Paths, Port

PREFIX = "ROUTEIQ_ROUTING_"
SHIPPED_ARTIFACT = Path(__file__).resolve().parent / "artifacts" / "default"


class Settings(BaseSettings):
    """Frozen. Times are seconds, sizes are entries."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: Port = 50051
    """0 takes a free port."""
    ops_host: str = "127.0.0.1"
    ops_port: Port = 50061
    """Liveness, readiness and metrics over HTTP."""
    identity_public_keys: Paths = ()
    """PEM files of the services that may call. Without one nothing starts: no call would be let in."""
    artifact_dir: Path = SHIPPED_ARTIFACT
    artifact_roots: Paths = ()
    """Where ValidateArtifact may look, besides the folder that holds `artifact_dir`."""
    allow_unsigned: bool = False
    """Load artifacts without a signature. The shipped one is part of the program and needs none."""
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
    def read(cls) -> Self:
        """From the environment. Raises: ConfigurationError: names each variable that is wrong, never its value."""
        try:
            return cls()
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

    def may_be_unsigned(self, directory: Path) -> bool:
        """Whether an artifact from there loads without a signature."""
        return self.allow_unsigned or directory.resolve() == SHIPPED_ARTIFACT


def _problem(error: Any) -> str:  # pydantic's ErrorDetails
    name = "_".join(str(part) for part in error["loc"][:1])
    return f"{PREFIX}{name.upper()}: {error['msg']}"
