"""The commands of `routeiq` for Typer, which imports only the one that is called.

Each command lives in `routeiq.cli.<name>` and offers `app`, a Typer application.
"""

from __future__ import annotations

import importlib
from typing import Any

import typer

from routeiq import __version__
from routeiq.kit.memory import kept

COMMANDS = {
    "up": "Run the whole suite on this machine",
    "serve": "Run one service against configured addresses",
    "migrate": "Bring the database to what this release needs",
    "ledger": "Repair control's ledger of usage",
    "check": "Validate a configuration file",
    "sign": "Sign a configuration file for config-sync",
    "keys": "Show this suite's master key",
    "secret": "Make a suite's keys in a Secret of Kubernetes",
    "train": "Train a router from prompts and scores",
    "evaluate": "Score prompts by a running routing service",
    "artifact": "Look into, sign, push and promote router artifacts",
}


class LazyCommands(typer.core.TyperGroup):
    """Lists commands from the table; imports a command's module when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return typer.core.TyperCommand(cmd_name, help=COMMANDS[cmd_name]) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        if name in COMMANDS:
            command = typer.main.get_command(_import(name).app)
            command.name = name
        return name, command, rest


def _import(name: str) -> Any:
    with kept():
        return importlib.import_module(f"routeiq.cli.{name}")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"routeiq {__version__}")
        raise typer.Exit


cli = typer.Typer(cls=LazyCommands, no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@cli.callback()
def root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version"),
) -> None:
    """RouteIQ: an AI gateway that learns which model to use."""
