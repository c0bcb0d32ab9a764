"""Entries that were added by API under a `model_name` of the document: they join its group, as in LiteLLM.

What the document says of the group stays as it is: its deployments, their weights and their order, the group's mode and
how it is chosen from. An entry that would change any of that is left out, with a problem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from routeiq.config.document import Listed
from routeiq.config.group_builder import Facts, GroupBuilder
from routeiq.config.groups import Grouped, candidate_name, differ, identity, weight_beside
from routeiq.config.problems import Problems
from routeiq.config.state import Deployment, Group, ModelName
from routeiq.kit.outbound import Origin

Groups = dict[ModelName, Group]


@dataclass(frozen=True, slots=True)
class Joining:
    """Of one document. `members`: its entries by name. `problems` collects who is left out."""

    builder: GroupBuilder
    members: Grouped
    facts: Facts
    problems: Problems

    def into(self, groups: Groups, entries: Sequence[Listed]) -> Groups:
        """The document's groups with those of `entries` that fit, each behind the document's deployments."""
        joined = dict(groups)
        for listed in entries:
            name, found = ModelName(listed.entry.model_name), Problems(self.problems.file)
            one = self._deployment(groups[name], listed, found)
            if found.errors:
                self.problems.take(found)
            else:
                joined[name] = replace(joined[name], deployments=(*joined[name].deployments, one))
        return joined

    def _deployment(self, group: Group, listed: Listed, found: Problems) -> Deployment:
        members = self.members[group.name]
        weight = weight_beside(members, listed)
        one = self.builder.deployment(listed, _candidate(members, listed), weight, self.facts, found, Origin.OPERATOR)
        clash = self._clash(group, members, listed, one)
        if clash:
            found.error(listed.at, f"is left out: {clash}")
        return one

    def _clash(self, group: Group, members: Sequence[Listed], listed: Listed, one: Deployment) -> str:
        if group.learned:
            return "learned routing chooses among the models of that name, which the configuration document lists"
        if one.mode is not group.mode:
            return (
                f"its mode is {one.mode.value}, and {group.mode.value} that of its name in the configuration document"
            )
        if self.builder.learns and differ([*members, listed]):
            return (
                "it is another model than that of its name in the configuration document, so that learned routing "
                "would have to choose; if it is the same, say so by model_info.base_model"
            )
        return ""


def _candidate(members: Sequence[Listed], listed: Listed) -> str:
    """That of the entry which is the same model, else of the first, whose place it takes."""
    own = differ(members)
    same = (one for one in members if identity(one.entry) == identity(listed.entry))
    return candidate_name(next(same, members[0]), own=own)
