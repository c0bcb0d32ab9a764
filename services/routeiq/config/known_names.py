"""Whether a name in a document means something there: a model, an alias, `auto`, or what a wildcard matches."""

from __future__ import annotations

from routeiq.config.document import Document
from routeiq.config.names import is_pattern, matches
from routeiq.config.nearest import did_you_mean
from routeiq.config.problems import Location, Problems


def check_name(name: str, document: Document, at: Location, problems: Problems) -> None:
    """An error if nothing of the document serves `name`."""
    if not serves(document, name):
        known = (*document.model_names, *document.aliases, document.routeiq.auto.name)
        problems.error(at, f"there is no such model{did_you_mean(name, known)}")


def serves(document: Document, name: str) -> bool:
    return name in document.aliases or serves_directly(document, name)


def serves_directly(document: Document, name: str) -> bool:
    """Aliases left aside."""
    if name in document.model_names or name == document.routeiq.auto.name:
        return True
    return any(is_pattern(pattern) and matches(pattern, name) for pattern in document.model_names)


def check_aliases(document: Document, problems: Problems) -> None:
    """What an alias stands for must exist, and must not be an alias itself."""
    given = {
        **{
            ("litellm_settings", "model_alias_map", name): model
            for name, model in document.litellm.model_alias_map.items()
        },
        **{
            ("router_settings", "model_group_alias", name): target.model
            for name, target in document.router.model_group_alias.items()
        },
    }
    for at, model in given.items():
        _check_alias(str(at[-1]), model, document, at, problems)


def _check_alias(alias: str, model: str, document: Document, at: Location, problems: Problems) -> None:
    if alias == model:
        problems.warning(at, "stands for itself and is left out")
    elif serves_directly(document, model):
        if alias in document.model_names:
            problems.warning(at, "takes the place of the model of that name")
        elif alias == document.routeiq.auto.name:
            problems.warning(at, "takes the place of learned routing's group of that name")
    elif model in document.aliases:
        problems.error(at, f"stands for {model}, which is an alias itself; name its model")
    else:
        check_name(model, document, at, problems)
