"""The entry point of the test cluster's PostgreSQL: what the official image promises, without a shell.

POSTGRES_PASSWORD (required), POSTGRES_USER and POSTGRES_DB, each also as the path of a file in `..._FILE`; PGDATA,
which has to be a folder in the volume; options of the server as arguments. There are no initialisation scripts, and a
role `postgres` without a password stands beside POSTGRES_USER.

initdb asks a shell for its child, so it ran when the image was made: an empty volume gets a copy of its database, which
takes its place only once it is whole. The server then replaces this process."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

TEMPLATE = Path("/opt/postgres/template")
ADMIN = "postgres"


def main() -> None:
    given = sys.argv[1:]
    command = ["postgres", *given] if not given or given[0].startswith("-") else given
    if command[0] == "postgres":
        data = Path(os.environ["PGDATA"])
        os.umask(0o077)
        if not (data / "PG_VERSION").exists():
            initialise(data)
        data.chmod(0o700)  # a volume's group may have been given it; the server refuses that
    os.execvp(command[0], command)


def initialise(data: Path) -> None:
    """The database with its user and password, beside its place and then in it."""
    password = setting("PASSWORD")
    if not password:
        sys.exit("POSTGRES_PASSWORD is not set: there is no database yet, and it shall not be open to anyone.")
    draft = data.with_name(f"{data.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(TEMPLATE, draft, copy_function=shutil.copyfile)
    draft.chmod(0o700)
    user = setting("USER") or ADMIN
    run(draft, *users(user, password), *databases(setting("DB") or user, user))
    draft.rename(data)


def users(user: str, password: str) -> list[str]:
    options = f"SUPERUSER LOGIN PASSWORD {literal(password)}"
    return [f"{'ALTER' if user == ADMIN else 'CREATE'} ROLE {identifier(user)} {options}"]


def databases(database: str, owner: str) -> list[str]:
    return [] if database == "postgres" else [f"CREATE DATABASE {identifier(database)} OWNER {identifier(owner)}"]


def run(data: Path, *statements: str) -> None:
    """One statement a line, as the server reads them when it runs for a single user. It goes on after a mistake, so
    what it says is looked at. Statements are not shown: one has the password."""
    command = ["postgres", "--single", "-j", "-D", str(data), "-c", "log_min_error_statement=panic", "postgres"]
    lines = "".join(f"{one};\n\n" for one in statements)
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False)
    if done.returncode or "ERROR" in done.stderr or "FATAL" in done.stderr:
        sys.exit(f"The database could not be made: {done.stderr}")


def setting(name: str) -> str:
    """From the environment, or from the file that it names."""
    file = os.environ.get(f"POSTGRES_{name}_FILE")
    return Path(file).read_text().rstrip("\n") if file else os.environ.get(f"POSTGRES_{name}", "")


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def identifier(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


if __name__ == "__main__":
    main()
