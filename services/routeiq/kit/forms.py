"""Read what `curl -d` sends as the JSON that it is, though it says that it is a form."""

from __future__ import annotations

from routeiq.kit.asgi import ASGIApp, Receive, Scope, Send

FORM = b"application/x-www-form-urlencoded"


class FormsAsJSON:
    """Nothing here takes a form, and `curl -d` says that it sends one. Models' paths do not look either."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and any(_is_form(header) for header in scope["headers"]):
            scope = {**scope, "headers": [header for header in scope["headers"] if not _is_form(header)]}
        await self._app(scope, receive, send)


def _is_form(header: tuple[bytes, bytes]) -> bool:
    name, value = header
    return name == b"content-type" and value.lower().startswith(FORM)
