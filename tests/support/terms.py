"""Control whose document says something of keys, users and teams."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from routeiq.control.declared import Declared
from routeiq.control.providers.change import Rules
from routeiq.control.routers import routers
from routeiq.control.said import calendar_of, terms_of
from routeiq.control.store.database import open_database
from routeiq.control.terms import Terms
from routeiq.kit.crypto import Sealer
from routeiq.kit.outbound import OutboundPolicy
from tests.support.catalogue import starting
from tests.support.config_documents import loaded
from tests.support.people import NOW, Control, House

MODEL = "model_list: [{model_name: m, litellm_params: {model: simulated/x}}]\n"


def document(litellm: str, general: str = "") -> str:
    """Args: of the two sections, in YAML's flow style."""
    return f"{MODEL}litellm_settings: {{{litellm}}}\ngeneral_settings: {{{general}}}\n"


def terms(litellm: str, general: str = "") -> Terms:
    """As control reads them."""
    found = loaded(document(litellm, general))
    assert not found.problems.all(), found.problems.all()
    return terms_of(found.document, calendar_of(found.document))


@asynccontextmanager
async def governed(database_url: str, litellm: str, general: str = "") -> AsyncIterator[Control]:
    """All of control's API beside such a document. Args: database_url: of a database that was migrated."""
    database = open_database(database_url)
    declared = Declared(starting(document(litellm, general)), NOW)
    rules = Rules(declared, Sealer([bytes(range(32))], "provider-keys"), OutboundPolicy())
    try:
        yield Control(database, House(lambda office: routers(office, database, rules)))
    finally:
        await database.close()
