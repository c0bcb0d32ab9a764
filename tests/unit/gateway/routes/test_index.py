"""The front page, the documentation and the OpenAPI document."""

from __future__ import annotations

import json

from tests.support.asgi import call, scope
from tests.support.gateway import edge


async def test_the_front_page_speaks_to_browsers_and_programs() -> None:
    page = await call(edge(), scope("GET", "/", [("accept", "text/html"), ("host", "gw.example:4000")]))
    program = await call(edge(), scope("GET", "/"))
    odd = await call(edge(), scope("GET", "/", [("accept", "text/html"), ("host", "<script>")]))
    assert "http://gw.example:4000/v1" in page.body.decode()
    assert json.loads(program.body)["name"] == "RouteIQ"
    assert "<script>" not in odd.body.decode()


async def test_docs_load_nothing_from_elsewhere() -> None:
    page = (await call(edge(), scope("GET", "/docs"))).body.decode()
    script = await call(edge(), scope("GET", "/docs/swagger-ui-bundle.js"))
    other = await call(edge(), scope("GET", "/docs/passwd"))
    assert "//cdn" not in page
    assert (script.status, script.headers["content-type"].split(";")[0], other.status) == (200, "text/javascript", 404)


async def test_the_openapi_document_has_the_hot_endpoints() -> None:
    document = json.loads((await call(edge(), scope("GET", "/openapi.json"))).body)
    assert {"/v1/chat/completions", "/chat/completions", "/v1/embeddings", "/v1/models"} <= set(document["paths"])
