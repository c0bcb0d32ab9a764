"""`/` for whoever opens the address in a browser, and `/docs` with its assets from this host, not from a CDN."""

from __future__ import annotations

from importlib.resources import files

from fastapi import APIRouter, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse

from routeiq.kit.errors import NotFound

ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css", "favicon.png": "image/png"}

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>RouteIQ</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:4rem auto;padding:0 1rem}}
pre{{background:#8881;padding:1rem;overflow:auto;border-radius:.4rem}}</style></head><body>
<h1>RouteIQ {version}</h1>
<p>An AI gateway that learns which model to use. Point an OpenAI client at <code>{base}/v1</code>,
use your key, and ask for the model <code>auto</code>.</p>
<pre>curl {base}/v1/chat/completions \\
  -H "Authorization: Bearer $ROUTEIQ_KEY" -H "Content-Type: application/json" \\
  -d '{{"model": "auto", "messages": [{{"role": "user", "content": "What is a prime number?"}}]}}'</pre>
<p><a href="/docs">The API</a> · <a href="/openapi.json">OpenAPI</a> ·
<a href="/health">Health</a> · <a href="/metrics">Metrics</a></p>
</body></html>"""


def index_router(version: str) -> APIRouter:
    """The front page and the API's documentation."""
    router = APIRouter(include_in_schema=False)

    def index(request: Request) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(_PAGE.format(version=version, base="http://" + _host(request)))
        return JSONResponse(
            {"name": "RouteIQ", "version": version, "docs": "/docs", "openapi": "/openapi.json", "health": "/health"}
        )

    def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json", title="RouteIQ API", swagger_js_url="/docs/swagger-ui-bundle.js",
            swagger_css_url="/docs/swagger-ui.css", swagger_favicon_url="/docs/favicon.png",
        )  # fmt: skip

    def asset(name: str) -> Response:
        if name not in ASSETS:
            raise NotFound(f"There is no `{name}` here.")
        return Response((files("fastapi_offline") / "static" / name).read_bytes(), media_type=ASSETS[name])

    router.add_api_route("/", index, methods=["GET"], response_model=None)
    router.add_api_route("/docs", docs, methods=["GET"], response_model=None)
    router.add_api_route("/docs/{name}", asset, methods=["GET"], response_model=None)
    return router


def _host(request: Request) -> str:
    """The host that the browser used, if it is one; it stands in the page's example."""
    host = request.headers.get("host", "")
    return host if host and all(c.isalnum() or c in ".-:[]" for c in host) else "127.0.0.1:4000"
