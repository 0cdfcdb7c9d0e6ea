"""How an application reaches NATS: the environment variables of `podium.eventstore`, read once."""

from __future__ import annotations

from typing import Final

from eventsourcing.utils import Environment, strtobool
from msgspec import Struct

from podium.contracts.names import is_name

NATS_URL: Final = "NATS_URL"
NATS_USER: Final = "NATS_USER"
NATS_PASSWORD: Final = "NATS_PASSWORD"  # noqa: S105 (the variable's name)
NATS_CREDENTIALS: Final = "NATS_CREDENTIALS"
NATS_PREFIX: Final = "NATS_PREFIX"
NATS_REPLICAS: Final = "NATS_REPLICAS"
NATS_TIMEOUT: Final = "NATS_TIMEOUT"
CREATE_TABLE: Final = "CREATE_TABLE"

DEFAULT_URL: Final = "nats://127.0.0.1:4222"
DEFAULT_PREFIX: Final = "eventsourcing"
DEFAULT_TIMEOUT: Final = 10.0


class Settings(Struct, frozen=True, kw_only=True):
    """
    Attributes:
        url: of one server, or of several with commas between.
        credentials: path of a `.creds` file.
        prefix: the first token of every subject, and of every stream's name.
        replicas: copies of a stream that is made: 1, 3 or 5.
        timeout: seconds after which what the server does not answer is an `OperationalError`; a save and a query are
            tried again until then.
        create: whether streams that are missing are made.
    """

    url: str = DEFAULT_URL
    user: str | None = None
    password: str | None = None
    credentials: str | None = None
    prefix: str = DEFAULT_PREFIX
    replicas: int = 1
    timeout: float = DEFAULT_TIMEOUT
    create: bool = True


def read_settings(env: Environment) -> Settings:
    """What the environment says; a variable may have the application's name in capitals and `_` before its own.

    Raises:
        OSError: a value that cannot be, as the library's own modules raise it.
    """
    prefix = env.get(NATS_PREFIX) or DEFAULT_PREFIX
    if not is_name(prefix):
        raise _invalid(NATS_PREFIX, prefix, "1 to 128 of A-Z a-z 0-9 _ -")
    replicas = env.get(NATS_REPLICAS) or "1"
    if replicas not in ("1", "3", "5"):
        raise _invalid(NATS_REPLICAS, replicas, "1, 3 or 5")
    timeout = env.get(NATS_TIMEOUT) or str(DEFAULT_TIMEOUT)
    try:
        seconds = float(timeout)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise _invalid(NATS_TIMEOUT, timeout, "seconds, more than 0")
    create = env.get(CREATE_TABLE) or "yes"
    try:
        makes = strtobool(create)
    except ValueError:
        raise _invalid(CREATE_TABLE, create, "yes or no") from None
    return Settings(
        url=env.get(NATS_URL) or DEFAULT_URL,
        user=env.get(NATS_USER) or None,
        password=env.get(NATS_PASSWORD) or None,
        credentials=env.get(NATS_CREDENTIALS) or None,
        prefix=prefix,
        replicas=int(replicas),
        timeout=seconds,
        create=makes,
    )


def _invalid(key: str, value: str, wanted: str) -> OSError:
    return OSError(f"Environment value for key '{key}' is invalid: {value!r}, expected {wanted}")
