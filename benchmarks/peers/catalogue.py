"""Who stands beside podium, and in which settings."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from .servers import ServerKind

WINDOW: Final = 1_000


class Peer(Struct, frozen=True):
    """
    Attributes:
        application: module in `apps` with a `Submitter`.
        worker: the arguments of `python -m` that start its worker; empty if tasks run where they are submitted.
        packages: whose versions are told.
        durable: what is safe from a power cut when an acknowledgement comes, in the setting that fsyncs.
        default: the same in the setting that one gets without asking; None where that is the durable one.
        prepare: the arguments of a `python -m` that runs once before.
        window: how many are open in the closed loop.
        remark: what else one must know to compare.
    """

    name: str
    application: str
    server: ServerKind
    worker: tuple[str, ...]
    packages: tuple[str, ...]
    durable: str
    default: str | None = None
    prepare: tuple[str, ...] = ()
    window: int = WINDOW
    remark: str = ""


PEERS: Final = (
    Peer(
        "FastStream",
        "faststream_app",
        "nats",
        ("apps.faststream_app",),
        ("faststream", "nats-py"),
        "task and completion each fsynced (sync_interval always)",
        "fsync every two minutes (the server's default)",
        remark="the result is a completion event on a stream",
    ),
    Peer(
        "taskiq-nats",
        "taskiq_app",
        "nats",
        (
            "taskiq",
            "worker",
            "apps.taskiq_app:broker",
            "--workers",
            "1",
            "--max-async-tasks",
            "100",
            "--log-level",
            "WARNING",
        ),
        ("taskiq", "taskiq-nats", "nats-py"),
        "task and result each fsynced (sync_interval always)",
        "fsync every two minutes (the server's default)",
        window=100,
        remark="only 100 open: results are looked for in JetStream's object store, and each look makes a consumer",
    ),
    Peer(
        "Celery",
        "celery_app",
        "redis",
        ("celery", "--app", "apps.celery_app", "worker", "--concurrency", "2", "--loglevel", "ERROR"),
        ("celery", "redis"),
        "appendfsync always, late acknowledgement",
        "snapshots only (redis' default), late acknowledgement",
        remark="two worker processes",
    ),
    Peer(
        "Dramatiq",
        "dramatiq_app",
        "redis",
        ("dramatiq", "apps.dramatiq_app", "--processes", "2", "--threads", "8"),
        ("dramatiq", "redis"),
        "appendfsync always",
        "snapshots only (redis' default)",
        remark="two worker processes of eight threads; 32 threads wait for results",
    ),
    Peer(
        "DBOS",
        "dbos_app",
        "postgres",
        (),
        ("dbos", "psycopg"),
        "fsync and synchronous_commit on, its default",
        remark="workflows run in the process that submits them",
    ),
    Peer(
        "procrastinate",
        "procrastinate_app",
        "postgres",
        (
            "procrastinate",
            "--log-level",
            "warning",
            "--app",
            "apps.procrastinate_app.app",
            "worker",
            "--concurrency",
            "100",
        ),
        ("procrastinate", "psycopg"),
        "fsync and synchronous_commit on, its default",
        prepare=("procrastinate", "--app", "apps.procrastinate_app.app", "schema", "--apply"),
        remark="it keeps no results: the submitter looks for the job's status, every 5 ms",
    ),
)
