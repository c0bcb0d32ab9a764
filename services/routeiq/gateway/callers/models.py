"""Why a caller does not get a model."""

from __future__ import annotations

from routeiq.config.model_access import Kind
from routeiq.kit.errors import PermissionDenied


class ModelDenied(PermissionDenied):
    """LiteLLM's."""

    code = "403"

    def __init__(self, kind: Kind, model: str) -> None:
        super().__init__(
            f"The requested model '{model}' is not available for this API key, or the model name is invalid. "
            "Check the models available to you and try again.",
            param="model",
        )
        self.type = f"{kind}_model_access_denied"  # type: ignore[misc]  # of this one refusal
