"""`routeiq up`: the whole suite on this machine."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from routeiq import __version__
from routeiq.cli.errors import one_error
from routeiq.config.environment import LaunchSettings, find_config, read_environment
from routeiq.config.start import Start, start_with
from routeiq.config.state import Mode
from routeiq.embedded.data_dir import DEFAULT, DataDir
from routeiq.embedded.runner import Announcement, Suite
from routeiq.embedded.topology import Options, database_notes
from routeiq.kit import log
from routeiq.kit.outbound import OutboundPolicy

app = typer.Typer(add_completion=False)

HOST, PORT = "127.0.0.1", 4000


@app.command()
def up(
    config: Annotated[
        Path | None, typer.Option("--config", help="Configuration document (LITELLM_CONFIG_PATH)")
    ] = None,
    data_dir: Annotated[Path, typer.Option("--data-dir", help="Where keys and state are kept")] = DEFAULT,
    host: Annotated[str | None, typer.Option("--host", help=f"Address of the gateway (LITELLM_HOST, {HOST})")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help=f"Port of the gateway (LITELLM_PORT, {PORT})")
    ] = None,
    artifact: Annotated[Path | None, typer.Option("--artifact", help="A router artifact; it may be unsigned")] = None,
) -> None:
    """Run the whole suite on this machine, until Ctrl-C."""
    console = Console(soft_wrap=True, highlight=False)
    log.configure(pretty=console.is_terminal)
    environ = read_environment(Path.cwd())
    launch = LaunchSettings.from_environ(environ)
    document = find_config(config, launch)
    options = Options(data_dir, host or launch.host or HOST, _port(port, launch), artifact, document, environ)

    async def load() -> Start:
        return await asyncio.to_thread(start_with, document, environ)

    outbound = OutboundPolicy.from_environ(environ)
    given = launch.master_key.get_secret_value() if launch.master_key else None
    with DataDir(data_dir) as data, one_error():
        uvloop.run(Suite(options, data, given, outbound, load, lambda said: _announce(console, said, options)).run())


def _port(flag: int | None, launch: LaunchSettings) -> int:
    named = flag if flag is not None else launch.port
    return PORT if named is None else named


def _announce(console: Console, said: Announcement, options: Options) -> None:
    """The URL, the models, and, when it was made just now, the key: once."""
    for warning in said.state.warnings:
        console.print(f"warning: {warning}", style="yellow", markup=False)
    console.print(f"RouteIQ {__version__} answers at {said.url}", style="bold")
    models = [said.state.routing.auto_name] if said.state.routing.auto_models else []
    console.print(f"models: {', '.join([*models, *said.state.groups, *said.state.listed_aliases])}", markup=False)
    if said.key.created:
        console.print(f"key:    {said.key.key}", markup=False)
        console.print("        (shown once; `routeiq keys show` finds it again)")
    else:
        flag = "" if options.data_dir == DEFAULT else f" --data-dir {options.data_dir}"
        console.print(f"key:    as before; `routeiq keys show{flag}` prints it", markup=False)
    for note in database_notes(options.environ):
        console.print(note, style="yellow", markup=False)
    _try_it(console, said)


def _try_it(console: Console, said: Announcement) -> None:
    routing, groups = said.state.routing, said.state.groups
    chat = (
        [routing.auto_name] if routing.auto_models else [name for name, one in groups.items() if one.mode is Mode.CHAT]
    )
    if not chat:
        return
    key = said.key.key if said.key.created else "$ROUTEIQ_KEY"
    console.print(
        f"try:    curl {said.url}/v1/chat/completions -H 'Content-Type: application/json' "
        f'-H "Authorization: Bearer {key}" '
        f"""-d '{{"model": "{chat[0]}", "messages": [{{"role": "user", "content": "What is a prime number?"}}]}}'""",
        markup=False,
    )
