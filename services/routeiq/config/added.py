"""Entries beside those of a document, already valid one by one. What does not fit is left out, with a problem."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from routeiq.config.document import Listed
from routeiq.config.document.providers import Provider
from routeiq.config.group_builder import Facts, GroupBuilder
from routeiq.config.groups import grouped
from routeiq.config.problems import Location, Problems
from routeiq.config.state import DeploymentId, Group, ModelName
from routeiq.kit.outbound import Origin


@dataclass(frozen=True, slots=True)
class Added:
    """`models` have ids of their own. `problems` collects what is left out."""

    version: int = 0
    models: tuple[Listed, ...] = ()
    providers: tuple[tuple[Location, Provider], ...] = ()
    has_overrides: bool = False
    problems: Problems = field(default_factory=lambda: Problems("overlay"))

    def fitting(
        self, names: Collection[str], ids: Collection[DeploymentId], open_to_all: Collection[str]
    ) -> tuple[Sequence[Listed], Sequence[Listed]]:
        """(those of names of their own, those that would join the document's groups). What the document says is not
        changed by API: the others have its ids, or such names as are no group's.

        Args: names: the document's. open_to_all: those of them that are groups which one may join."""
        own, joining = list[Listed](), list[Listed]()
        for listed in self.models:
            name = listed.entry.model_name
            if listed.entry.model_info.id in ids:
                self.problems.error(listed.at, "is left out: its id belongs to the configuration document")
            elif name in open_to_all:
                joining.append(listed)
            elif name in names:
                self.problems.error(listed.at, "is left out: its model_name belongs to the configuration document")
            else:
                own.append(listed)
        return own, joining

    def groups(self, entries: Sequence[Listed], builder: GroupBuilder, facts: Facts) -> dict[ModelName, Group]:
        """By name. A group that does not build is left out whole."""
        built: dict[ModelName, Group] = {}
        for name, members in grouped(entries).items():
            found = Problems(self.problems.file)
            group = builder.group(name, members, facts, found, Origin.OPERATOR)
            if found.errors:
                self.problems.take(found)
            else:
                built[group.name] = group
        return built
