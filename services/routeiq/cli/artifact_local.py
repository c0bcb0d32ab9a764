"""The commands of `routeiq artifact` that work on folders: show, keygen, sign, verify."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from routeiq.cli.replace_file import replace_file
from routeiq.clients.artifact_parts import SIGNATURE, read_folder
from routeiq.kit import signatures
from routeiq.kit.errors import ConfigurationError
from routeiq.kit.key_files import create_private_key, load_private_key, save_public_key

if TYPE_CHECKING:
    from routeiq.routing.artifact import Manifest, Trust

app = typer.Typer(add_completion=False, rich_markup_mode=None)

KEY_FILE = Path("artifact.key")
Directory = Annotated[Path, typer.Argument(help="The artifact's directory")]
AsJSON = Annotated[bool, typer.Option("--json", help="Print JSON")]


@app.command()
def show(directory: Directory, as_json: AsJSON = False) -> None:
    """Summarise an artifact and check it. Ends with status 1 if it does not load."""
    from routeiq.routing.artifact import read_manifest, validate  # noqa: PLC0415  # onnxruntime, for who needs it
    from routeiq.routing.training.show import describe  # noqa: PLC0415  # as above

    if as_json:
        problems = validate(directory)
        said = {"problems": problems, "manifest": read_manifest(directory).model_dump(mode="json")}
        typer.echo(json.dumps(said, indent=2))
        valid = not problems
    else:
        description = describe(directory)
        typer.echo(description.text)
        valid = description.valid
    if not valid:
        raise typer.Exit(1)


@app.command()
def keygen(
    path: Annotated[Path, typer.Argument(help="Where to keep the private key; nothing is ever overwritten")] = KEY_FILE,
) -> None:
    """Make a key to sign artifacts with: PATH, which only you may read, and PATH.pub.

    Name the second in ROUTEIQ_ROUTING_ARTIFACT_PUBLIC_KEYS: routing services then load what you have signed alone."""
    public = path.with_name(f"{path.name}.pub")
    if path.exists() or public.exists():
        raise ConfigurationError([f"{path if path.exists() else public} is there already; name another file"])
    try:
        key = create_private_key(path)
        save_public_key(public, key.public_key())
    except OSError as error:
        raise ConfigurationError([f"{path}: cannot be written: {error.strerror}"]) from None
    typer.echo(f"private key  {path}")
    typer.echo(f"public key   {public}")
    typer.echo(f"key id       {signatures.key_id(key.public_key())}")


@app.command()
def sign(
    directory: Directory,
    key: Annotated[Path, typer.Option("--key", help="The private key, as `keygen` makes it")] = KEY_FILE,
) -> None:
    """Check that an artifact's files are those that its manifest names, and write manifest.sig. Prints its id."""
    private = load_private_key(key)
    parts = read_folder(directory)
    replace_file(directory / SIGNATURE, signatures.sign(parts.manifest, private))
    typer.echo(parts.artifact_id)


@app.command()
def verify(
    directory: Directory,
    public_key: Annotated[
        list[Path] | None, typer.Option("--public-key", help="A PEM file; default: the routing service's settings")
    ] = None,
    unsigned: Annotated[bool, typer.Option("--unsigned", help="Ask for no signature, check the rest")] = False,
    as_json: AsJSON = False,
) -> None:
    """Check an artifact as a routing service does, its signature first. Ends with status 1 if it may not be loaded."""
    from routeiq.routing.artifact import ArtifactInvalid, load_artifact, read_manifest  # noqa: PLC0415  # onnxruntime

    trust = _trust(public_key or [], unsigned=unsigned)
    problems: list[str] = []
    manifest: Manifest | None = None
    try:
        manifest = read_manifest(directory)
        load_artifact(directory, trust=trust)
    except ArtifactInvalid as error:
        problems = error.problems
    _say(directory, manifest, problems, unsigned=unsigned, as_json=as_json)
    if problems:
        raise typer.Exit(1)


def _trust(files: list[Path], *, unsigned: bool) -> Trust:
    """Raises: ConfigurationError: there is no key, or one is none."""
    from routeiq.routing.artifact import Trust  # noqa: PLC0415  # onnxruntime
    from routeiq.routing.settings import Settings  # noqa: PLC0415  # as above

    if unsigned:
        return Trust()
    keys = signatures.read_public_keys(files) if files else Settings.read().public_keys()
    if not keys:
        raise ConfigurationError(
            ["Name a --public-key, or set ROUTEIQ_ROUTING_ARTIFACT_PUBLIC_KEYS; --unsigned asks for no signature."]
        )
    return Trust(keys, allow_unsigned=False)


def _say(directory: Path, manifest: Manifest | None, problems: list[str], *, unsigned: bool, as_json: bool) -> None:
    artifact_id = manifest.artifact_id if manifest else None
    signer = None if unsigned or problems else signatures.claimed_key_id((directory / SIGNATURE).read_bytes())
    if as_json:
        said = {"artifact_id": artifact_id, "valid": not problems, "signed_by": signer, "problems": problems}
        typer.echo(json.dumps(said, indent=2))
    elif problems:
        typer.echo(f"{directory} is INVALID:\n" + "\n".join(f"  - {one}" for one in problems), err=True)
    else:
        typer.echo(f"{artifact_id} is valid, " + (f"signed by key {signer}" if signer else "signature not asked for"))
