"""The body of `/api/v1/generate`, and the chat request that it stands for."""

from __future__ import annotations

from typing import Annotated

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from routeiq.gateway.pipeline.customer import LONGEST
from routeiq.gateway.upstream.token_limit import NEW, OLD
from routeiq.kit.errors import InvalidFields

MOST_TOKENS = 8000
JSON_ONLY = "Answer with one JSON object and nothing else."
"""OpenAI refuses its JSON mode where nobody speaks of JSON."""
_encode = msgspec.json.Encoder().encode


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("a name has no NUL character")
    return text


Name = Annotated[str, Field(min_length=1, max_length=LONGEST), AfterValidator(_storable)]


class Generate(BaseModel):
    """What is to be generated, for whom."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    user_id: Name = Field(description="The customer; overrides are looked up by it")
    service: Name = Field(description="The service that asks")
    task_type: str = Field(default="general", max_length=LONGEST, description="For analytics")
    prompt: str = Field(min_length=1, repr=False, description="The user's message")
    system: str = Field(default="", repr=False, description="The system instruction")
    max_tokens: int = Field(default=1000, ge=1, le=MOST_TOKENS, description="The most that is generated")
    temperature: float = Field(default=0.7, ge=0, le=2, allow_inf_nan=False)
    json_mode: bool = Field(default=False, description="The answer is one JSON object")

    def question(self) -> bytes:
        """All that a model is asked, in one form."""
        return _encode([self.system, self.prompt, self.max_tokens, self.temperature, self.json_mode])

    def chat(self) -> dict[str, msgspec.Raw]:
        """The chat request, parsed one level deep, with the limit under both of its names: each provider takes its."""
        system = self._system()
        messages = [{"role": "system", "content": system}] if system else []
        body: dict[str, object] = {
            "model": "",
            "messages": [*messages, {"role": "user", "content": self.prompt}],
            OLD: self.max_tokens,
            NEW: self.max_tokens,
            "temperature": self.temperature,
        }
        if self.json_mode:
            body["response_format"] = {"type": "json_object"}
        return {name: msgspec.Raw(_encode(value)) for name, value in body.items()}

    def _system(self) -> str:
        if not self.json_mode or "json" in f"{self.system} {self.prompt}".lower():
            return self.system
        return f"{self.system}\n\n{JSON_ONLY}" if self.system else JSON_ONLY


def read_body(raw: bytes) -> Generate:
    """Raises: InvalidFields, as FastAPI would say it."""
    try:
        return Generate.model_validate_json(raw)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise InvalidFields([{**one, "loc": ["body", *one["loc"]]} for one in found]) from None
