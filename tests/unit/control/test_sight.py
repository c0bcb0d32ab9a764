"""What control shows a caller is what the gateway lets it call, whatever its lists and aliases say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from routeiq.config.model_access import ModelAccess, model_access
from routeiq.control.models.shown import Listed
from routeiq.control.models.sight import Sight
from routeiq.gateway.pipeline.permitted import may_call
from tests.support.twins import deployment, state

MODELS = [
    deployment("house", provider="openai", access_groups=("inside",)),
    deployment("gpt-4o", provider="openai", model="gpt-4o"),
    deployment("plain", provider="anthropic"),
]
STATE = state(*MODELS)
NAMES = [one.group for one in MODELS] + ["mine", "ours", "nobody"]
WORDS = [*NAMES, "inside", "openai/*", "pl*", "*", "all-proxy-models", "all-team-models", "no-default-models", "auto"]
lists = st.lists(st.sampled_from(WORDS), max_size=2)
aliases = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(NAMES), max_size=2)


@given(lists, lists, lists, lists, aliases, aliases)
def test_it_is_the_gateways_word(
    key: list[str], team: list[str], user: list[str], member: list[str], own: dict[str, str], teams: dict[str, str]
) -> None:
    access = model_access(key=key, team=team, user=user, member=member, aliases=own, team_aliases=teams, in_team=True)
    for one in MODELS:
        listed = Listed(one.id, one.group, {}, {}, None, one)
        assert Sight(access).sees(listed, STATE) is _callable(access, one.group), one.group


def _callable(access: ModelAccess, model: str) -> bool:
    """Under some name that stands for it. Without any list all is shown, also what an alias covers."""
    names = [name for name in NAMES if access.stands_for(name)[1] == model]
    return not access.levels or any(may_call(STATE, access, name) for name in names)
