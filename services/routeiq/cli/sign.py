"""`routeiq sign FILE`: the signature without which a config-sync that has public keys takes no document."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from routeiq.cli.replace_file import replace_file
from routeiq.config_sync.sources.document import SIGNATURE, DocumentSource
from routeiq.config_sync.sources.file import FilePlace
from routeiq.kit.key_files import load_private_key
from routeiq.kit.signatures import sign

app = typer.Typer(add_completion=False)


@app.command()
def command(
    file: Annotated[Path, typer.Argument(help="The configuration document, YAML", dir_okay=False)],
    key: Annotated[Path, typer.Option("--key", help="The private key: Ed25519, PEM", dir_okay=False)],
) -> None:
    """Sign a configuration document with all that it includes, and write FILE.sig beside it.

    Upload both, under the same names. The document is not validated: see `routeiq check`.
    """
    private = load_private_key(key)
    signature = file.with_name(file.name + SIGNATURE)
    replace_file(signature, sign(asyncio.run(_content(file)), private))
    typer.echo(str(signature))


async def _content(file: Path) -> bytes:
    source = DocumentSource(FilePlace(file), {})
    await source.fetch(None, force=True)
    return source.to_sign()
