"""Which paths are hot, and which model a path names."""

from __future__ import annotations

import pytest

from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.routes.hot import HotPath, hot_path


@pytest.mark.parametrize(
    ("path", "hot"),
    [
        ("/chat/completions", HotPath(Endpoint.CHAT)),
        ("/v1/completions", HotPath(Endpoint.COMPLETIONS)),
        ("/openai/v1/responses", HotPath(Endpoint.RESPONSES)),
        ("/v1/messages", HotPath(Endpoint.MESSAGES)),
        ("/engines/gpt-4/chat/completions", HotPath(Endpoint.CHAT, "gpt-4")),
        ("/engines/a/b c/completions", HotPath(Endpoint.COMPLETIONS, "a/b c")),
        ("/openai/deployments/org/model/embeddings", HotPath(Endpoint.EMBEDDINGS, "org/model")),
        ("/openai/deployments/chat/completions", HotPath(Endpoint.COMPLETIONS, "chat")),
        ("/engines//chat/completions", None),
        ("/engines/x", None),
        ("/enginesx/chat/completions", None),
        ("/v1/chat/completions/", None),
        ("/v1/models", None),
    ],
)
def test_paths(path: str, hot: HotPath | None) -> None:
    assert hot_path(path) == hot
