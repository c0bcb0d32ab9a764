"""What FastAPI serves, and the OpenAPI document of everything. Loaded at the first request that needs it: 10 MB and a
quarter of a second that neither a model's answer nor a probe waits for."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI, Request, Response

from routeiq import __version__
from routeiq.gateway.gateway import Gateway
from routeiq.gateway.routes.errors import install_errors
from routeiq.gateway.routes.index import index_router
from routeiq.gateway.routes.models import models_router
from routeiq.gateway.routes.openapi import install_openapi
from routeiq.gateway.routes.router import router_router
from routeiq.kit.asgi import Scope
from routeiq.kit.ops import Page, Pages

DESCRIPTION = "An AI gateway that learns which model to use. OpenAI's API, with the model `auto`."


def create_api(gateway: Gateway, pages: Pages) -> FastAPI:
    """Args: pages: what the edge answers by itself; here they are for the document."""
    api = FastAPI(
        title="RouteIQ",
        version=__version__,
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        strict_content_type=False,
    )
    install_errors(api)
    api.include_router(index_router(__version__))
    api.include_router(models_router(gateway.holder))
    for path, page in pages.items():
        api.add_api_route(
            path, _route(page), methods=["GET"], tags=["health"], summary=page.__doc__, response_model=None
        )
    api.include_router(router_router(gateway.holder, gateway.learned, gateway.routing, gateway.conversations))
    install_openapi(api, gateway.link.delegates)
    return api


def _route(page: Callable[[Scope], Page]) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        status, body, content_type = page(request.scope)
        return Response(body, status, media_type=content_type)

    return answer
