"""How control and gateways name who spends (`control.v1.Account`), and which budget for a model holds for a request."""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

SEPARATOR = "/"


class Account(NamedTuple):
    """Who spends; `model`: and on which."""

    kind: str
    id: str
    model: str = ""

    @property
    def name(self) -> str:
        """In stores. No id has a NUL."""
        return f"{self.kind}\0{self.model}\0{self.id}"


def account_called(name: str) -> Account:
    kind, model, id_ = name.split("\0", 2)
    return Account(kind, id_, model)


def member_id(team_id: str, user_id: str) -> str:
    """`team/user`. What looks like the separator in a team's id is escaped, so that no two members have one name."""
    return f"{team_id.replace('%', '%25').replace(SEPARATOR, '%2F')}{SEPARATOR}{user_id}"


def member_of(id_: str) -> tuple[str, str]:
    """The team's and the user's id in what `member_id` made."""
    team_id, _, user_id = id_.partition(SEPARATOR)
    return team_id.replace("%2F", SEPARATOR).replace("%25", "%"), user_id


def budgeted_model(budgets: Container[str], model: str) -> str | None:
    """Under which name there is a budget for what a request calls `model`: that, or as LiteLLM has it that without its
    provider (`openai/gpt-4o`: `gpt-4o`). None: there is none."""
    if model in budgets:
        return model
    bare = model.rpartition("/")[2]
    return bare if bare in budgets else None
