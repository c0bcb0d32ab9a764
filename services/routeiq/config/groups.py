"""Groups, their weights, and the names that candidates have in decisions.

A candidate's name is its `model_name`; in a group of different models `model_info.id`, else `litellm_params.model`.
Among the models of one choice a name stands for one model of one group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from routeiq.config.deployments import split_model
from routeiq.config.document import Document, Listed, ModelEntry
from routeiq.config.problems import Problems

Grouped = Mapping[str, Sequence[Listed]]


def grouped(models: Sequence[Listed]) -> Grouped:
    """Public name -> its entries, both in document order; wildcards too."""
    groups: dict[str, list[Listed]] = {}
    for listed in models:
        groups.setdefault(listed.entry.model_name, []).append(listed)
    return groups


def identity(entry: ModelEntry) -> str:
    """What makes two deployments one model: its name, whoever serves it. `azure/gpt-x` is `openai/gpt-x`."""
    model = entry.model_info.base_model or split_model(entry.litellm_params)[1]
    return model.rpartition("/")[2].lower()


def differ(members: Sequence[Listed]) -> bool:
    """True for a group of different models."""
    return len({identity(listed.entry) for listed in members}) > 1


def candidate_name(listed: Listed, *, own: bool) -> str:
    """Args: own: the group holds different models."""
    entry = listed.entry
    return (entry.model_info.id or entry.litellm_params.model) if own else entry.model_name


def weights(members: Sequence[Listed]) -> Sequence[float]:
    """By the first of `weight`, `rpm` and `tpm` that a member has; the others then get 0 (LiteLLM's simple-shuffle)."""
    for name in ("weight", "rpm", "tpm"):
        given: list[float | None] = [getattr(listed.entry.litellm_params, name) for listed in members]
        if any(given):
            return [value or 0.0 for value in given]
    return [1.0] * len(members)


def weight_beside(members: Sequence[Listed], listed: Listed) -> float:
    """Of an entry that joins `members`, which keep theirs: by what they go by, and 0 without it; where they go by
    nothing and have 1 each, its own `weight`, else 1, too."""
    for name in ("weight", "rpm", "tpm"):
        if any(getattr(one.entry.litellm_params, name) for one in members):
            return float(getattr(listed.entry.litellm_params, name) or 0.0)
    own = listed.entry.litellm_params.weight
    return 1.0 if own is None else own


def check_names(members: Sequence[Listed], problems: Problems) -> None:
    """Within a routed group one name must not stand for two models: an id may be spelt like another's model."""
    first: dict[str, str] = {}
    for listed in members:
        name = candidate_name(listed, own=True)
        if first.setdefault(name, identity(listed.entry)) != identity(listed.entry):
            problems.error(
                listed.at, f"{name} also names another model of the group {listed.entry.model_name}; give model_info.id"
            )


def auto_models(document: Document, chat: Grouped, problems: Problems, others: Problems) -> tuple[str, ...]:
    """The names of the groups that `auto` chooses among, in the order of the list or of the document.

    A candidate's name that another group has taken is an error in the document's own list; where `auto` is simply every
    chat model, the later group is left out with a warning, because a document may be older than `auto`. `others`: where
    the warnings of groups go that are not the document's.
    """
    listed = document.routeiq.auto.models
    taken: dict[str, str] = {}
    chosen: list[str] = []
    for name in dict.fromkeys(listed if listed is not None else chat):
        members = chat.get(name)
        if members is None:
            continue
        own = {candidate_name(member, own=differ(members)) for member in members}
        clash = sorted(own & taken.keys())
        if clash:
            collector = problems if name in document.model_names else others
            _report(clash[0], taken[clash[0]], members[0], collector, explicit=listed is not None)
            continue
        taken.update(dict.fromkeys(own, name))
        chosen.append(name)
    return tuple(chosen)


def _report(name: str, other: str, member: Listed, problems: Problems, *, explicit: bool) -> None:
    message = f"{name} already names a candidate of the group {other}; give model_info.id"
    if explicit:
        problems.error(member.at, message)
    else:
        problems.warning(member.at, f"is left out of routeiq.auto: {message}")
