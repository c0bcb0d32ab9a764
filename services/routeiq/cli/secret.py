"""`routeiq secret NAME`: make a suite's keys in a Secret of Kubernetes, from within a pod. The chart's job runs it."""

from __future__ import annotations

from typing import Annotated

import typer

from routeiq.config_sync.secret_store import SecretStore
from routeiq.kit import log
from routeiq.kit.suite_keys import missing

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def command(
    name: Annotated[str, typer.Argument(help="The Secret")],
    namespace: Annotated[str, typer.Option("--namespace", envvar="POD_NAMESPACE", help="Where it is")] = "default",
) -> None:
    """Add the keys that the Secret lacks, and make it if there is none. What is there stays as it is.

    The account of the pod has to be allowed to create secrets, and to get and update this one.
    """
    log.configure(service="secret")
    added = SecretStore(namespace, name).complete(missing)
    typer.echo(f"{name}: added {', '.join(added)}" if added else f"{name}: is complete")
