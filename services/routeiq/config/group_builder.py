"""Entries -> groups of deployments, with what is publicly known of their models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from routeiq.config.candidates import candidates_of, over
from routeiq.config.deployments import build_deployment, chooses_provider, price_key, split_model
from routeiq.config.document import Listed
from routeiq.config.document.strategies import is_learned
from routeiq.config.groups import candidate_name, check_names, differ, weights
from routeiq.config.load import Loaded
from routeiq.config.names import is_pattern
from routeiq.config.prices import ModelFacts, read_facts
from routeiq.config.problems import Location, Problems
from routeiq.config.providers import unknown_provider
from routeiq.config.reads import Reads
from routeiq.config.scalars import JSONValue
from routeiq.config.state import Deployment, DeploymentId, Group, ModelName
from routeiq.kit.outbound import Origin

Facts = Mapping[Location, ModelFacts]
"""By where an entry stands."""


@dataclass(frozen=True, slots=True)
class GroupBuilder:
    """For the entries of a document, and those that were added to it."""

    loaded: Loaded
    environ: Reads
    price_file: Path | None

    def facts(self, entries: Sequence[Listed]) -> Facts:
        """Of `llm_data_path`, and behind it of LiteLLM's price file, which is read once."""
        keys = {listed.at: key for listed in entries if (key := price_key(listed.entry))}
        found = read_facts(keys.values(), self.price_file)
        said = candidates_of(self.loaded)
        public = {at: found.get(key) for at, key in keys.items()}
        facts = {one.at: over(said.of(one), public.get(one.at)) for one in entries}
        said.warn_of_unused()
        return facts

    def group(
        self,
        name: str,
        entries: Sequence[Listed],
        facts: Facts,
        problems: Problems,
        origin: Origin = Origin.DOCUMENT,
    ) -> Group:
        """What is wrong with it goes to `problems`."""
        own = differ(entries) and not is_pattern(name)
        learned = own and self.learns
        if learned:
            check_names(entries, problems)
        built: dict[DeploymentId, Deployment] = {}
        for listed, weight in zip(entries, weights(entries), strict=True):
            one = self.deployment(listed, candidate_name(listed, own=own), weight, facts, problems, origin)
            if one.id in built:
                problems.warning(listed.at, "repeats an earlier entry in everything and is left out")
            built.setdefault(one.id, one)
        return Group(ModelName(name), tuple(built.values()), learned)

    def deployment(
        self,
        listed: Listed,
        candidate: str,
        weight: float,
        facts: Facts,
        problems: Problems,
        origin: Origin = Origin.DOCUMENT,
    ) -> Deployment:
        """Of one entry, which belongs to a group."""
        self._check_provider(listed, problems)
        return build_deployment(
            listed, self._raw(listed), candidate, weight, facts.get(listed.at), self.environ, problems,
            stream_timeout_s=self.loaded.document.router.stream_timeout,
            drop_params=self.loaded.document.litellm.drop_params,
            origin=origin,
        )  # fmt: skip

    @property
    def learns(self) -> bool:
        """Whether requests for a group of different models are routed by what was learned."""
        return is_learned(self.loaded.document.router.routing_strategy)

    def _check_provider(self, listed: Listed, problems: Problems) -> None:
        params = listed.entry.litellm_params
        at = (*listed.at, "litellm_params", "custom_llm_provider" if params.custom_llm_provider else "model")
        if (is_pattern(listed.entry.model_name) and chooses_provider(params)) or params.model.endswith("/"):
            return
        if message := unknown_provider(split_model(params)[0], self.price_file):
            problems.warning(at, message)

    def _raw(self, listed: Listed) -> JSONValue:
        """As written, of the document's own."""
        models = self.loaded.raw.get(str(listed.at[0]))
        return models[listed.position] if isinstance(models, list) and isinstance(listed.position, int) else None
