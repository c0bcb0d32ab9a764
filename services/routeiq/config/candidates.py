"""`routing_strategy_args.llm_data_path`: what its owner says of models, in either of the two shapes that are about.

One maps names to `{provider, model_id, capabilities, cost_per_1k_tokens: {input, output}, context_window, ...}`, the
other lists `{"models": [{model_name, provider, cost_per_1k_tokens: 0.002, context_window, capabilities, ...}]}`.
Prices there are USD per thousand tokens. A capability that is not listed is unknown, not absent.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from routeiq.config.bundle import beside
from routeiq.config.deployments import split_model
from routeiq.config.document import Listed
from routeiq.config.document.messages import report
from routeiq.config.document_files import BundleFiles, DiskFiles, DocumentFiles
from routeiq.config.load import Loaded
from routeiq.config.price import INPUT, OUTPUT, costs_in, merged
from routeiq.config.prices import ModelFacts
from routeiq.config.problems import Location, Problems
from routeiq.config.scalars import JSONValue
from routeiq.config.words import words
from routeiq.kit.errors import ConfigurationError

AT: Location = ("router_settings", "routing_strategy_args", "llm_data_path")
_TOOLS = words("function_calling function-calling functions tools tool_use tool-use tool_calling")
_VISION = words("vision image images multimodal image_input")
_MOST_NAMED = 5
_PER = 1000
_NOTHING = ModelFacts()


class _Cost(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    input: float | None = Field(default=None, ge=0)
    output: float | None = Field(default=None, ge=0)

    def of_a_token(self) -> tuple[float | None, float | None]:
        return None if self.input is None else self.input / _PER, None if self.output is None else self.output / _PER


def _cost(value: object) -> object:
    """A number is the price of both."""
    return {"input": value, "output": value} if isinstance(value, int | float) else value


class _Candidate(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, protected_namespaces=())

    provider: str = ""
    model_id: str = ""
    model_name: str = ""
    cost_per_1k_tokens: Annotated[_Cost, BeforeValidator(_cost)] = Field(default_factory=_Cost)
    context_window: int | None = Field(default=None, gt=0)
    capabilities: tuple[str, ...] = ()

    def names(self, key: str) -> Iterator[str]:
        for name in filter(None, (key, self.model_name, self.model_id)):
            yield name
            if self.provider:
                yield f"{self.provider}/{name}"

    def facts(self) -> ModelFacts:
        able = {capability.lower() for capability in self.capabilities}
        input_price, output_price = self.cost_per_1k_tokens.of_a_token()
        return ModelFacts(
            input_price,
            output_price,
            max_input_tokens=self.context_window,
            supports_tools=True if able & _TOOLS else None,
            supports_vision=True if able & _VISION else None,
            costs=costs_in({INPUT: input_price, OUTPUT: output_price}),
        )


class Candidates:
    """What a file says, by every name that it gives a model."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._by_name: dict[str, ModelFacts] = {}
        self._keys: dict[str, set[str]] = {}

    @classmethod
    def read(cls, path: str, reader: DocumentFiles, problems: Problems) -> Candidates:
        """A file that is not there says nothing, with a warning; a faulty one is an error."""
        candidates = cls(problems)
        if not reader.holds(path):
            problems.warning(AT, "is not a file on this machine")
            return candidates
        try:
            data = msgspec.json.decode(reader.read(path))
        except ConfigurationError as unreadable:
            problems.error(AT, unreadable.problems[0])
        except (msgspec.DecodeError, RecursionError):
            problems.error(AT, f"{path}: is not valid JSON")
        else:
            candidates._take(data, Problems(path))
        return candidates

    def of(self, listed: Listed) -> ModelFacts:
        """Of the model of an entry: by its `model_name`, `model` or `base_model`."""
        entry = listed.entry
        names = (
            entry.model_name, entry.litellm_params.model, split_model(entry.litellm_params)[1],
            entry.model_info.base_model or "",
        )  # fmt: skip
        found = next((name for name in names if name in self._by_name), None)
        for key in [key for key, known in self._keys.items() if known & set(names)]:
            del self._keys[key]
        return self._by_name[found] if found is not None else _NOTHING

    def warn_of_unused(self) -> None:
        """What `of` was never asked for."""
        if self._keys:
            named = ", ".join(sorted(self._keys)[:_MOST_NAMED])
            more = f" and {len(self._keys) - _MOST_NAMED} more" if len(self._keys) > _MOST_NAMED else ""
            self._problems.warning(AT, f"says something of models that the document does not have: {named}{more}")

    def _take(self, data: JSONValue, own: Problems) -> None:
        for key, raw in _items(data, own):
            try:
                candidate = _Candidate.model_validate(raw)
            except ValidationError as error:
                report(error, raw, (key,), (), own)
                continue
            self._keys[key] = set(candidate.names(key))
            for name in self._keys[key]:
                self._by_name.setdefault(name, candidate.facts())
        self._problems.take(own)


def _items(data: JSONValue, own: Problems) -> Iterator[tuple[str, JSONValue]]:
    """(name, what is said of it), of either shape."""
    listed = data.get("models") if isinstance(data, dict) else None
    if isinstance(listed, list):
        for position, item in enumerate(listed):
            name = item.get("model_name") if isinstance(item, dict) else None
            if isinstance(name, str) and name:
                yield name, item
            else:
                own.error(("models", position), "names no model; give model_name")
    elif isinstance(data, dict):
        yield from data.items()
    else:
        own.error((), "must map names to models, or list them under `models`")


def over(said: ModelFacts, public: ModelFacts | None) -> ModelFacts:
    """`said` where it says something, else what is publicly known."""
    if public is None:
        return said
    return ModelFacts(
        public.input_price if said.input_price is None else said.input_price,
        public.output_price if said.output_price is None else said.output_price,
        public.mode,
        said.max_input_tokens or public.max_input_tokens,
        public.supports_tools if said.supports_tools is None else said.supports_tools,
        public.supports_vision if said.supports_vision is None else said.supports_vision,
        merged(said.costs, public.costs),
    )


def candidates_of(loaded: Loaded) -> Candidates:
    """Of a document's `llm_data_path`, which is relative to it. One that came in a bundle has the file there; else an
    absolute path may be of this machine too."""
    path, problems, bundle = loaded.document.router.routing_strategy_args.llm_data_path, loaded.problems, loaded.bundle
    if not path:
        return Candidates(problems)
    if bundle is not None and not (os.path.isabs(path) and beside(bundle.main, path) not in bundle.files):
        return Candidates.read(beside(bundle.main, path), BundleFiles(bundle), problems)
    return Candidates.read(str((loaded.folder or Path.cwd()) / Path(path).expanduser()), DiskFiles(), problems)
