"""`python -m podium.kernel.main <service>`: one service in one process, as containers run it."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import sys
from typing import Any, Final

import uvloop
from pydantic import ValidationError

from podium.contracts.subjects import Service
from podium.runtime.connection import ConnectionLost
from podium.runtime.logs import configure
from podium.runtime.settings import describe

from .decider import Decider
from .provision import ProvisionError
from .service import ServiceProcess
from .settings import Settings

DECIDERS: Final[dict[Service, str]] = {
    "registry": "podium.registry.service",
    "router": "podium.router.service",
    "health": "podium.health.service",
    "collaboration": "podium.collaboration.service",
    "optimizer": "podium.optimizer.service",
}
"""The one table of services: each module has `decider()`, which reads its own settings."""


def make_decider(service: Service) -> Decider[Any]:
    module: Any = importlib.import_module(DECIDERS[service])
    decider: Decider[Any] = module.decider()
    return decider


def main(arguments: list[str] | None = None) -> int:
    """0 after a drain, 1 if the service cannot run, 2 for wrong arguments or no usable server."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) != 1 or arguments[0] not in DECIDERS:
        asked_help = arguments[:1] in (["--help"], ["-h"])
        print(
            f"usage: python -m podium.kernel.main {{{','.join(DECIDERS)}}}\n\nsettings:\n{describe(Settings)}",
            file=sys.stdout if asked_help else sys.stderr,
        )
        return 0 if asked_help else 2
    service: Service = arguments[0]
    try:
        settings = Settings()
        decider = make_decider(service)
    except ValidationError as error:
        for fault in error.errors():
            print(f"podium: {'.'.join(map(str, fault['loc']))}: {fault['msg']}", file=sys.stderr)
        return 2
    # Nearly all that a service makes is acyclic and short-lived; the collector would look at it in vain.
    gc.set_threshold(100_000, 50, 100)
    configure(service, settings.log_level, settings.log_format)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(ServiceProcess(decider, settings).run())
    except (ProvisionError, ConnectionError) as error:
        print(f"podium: {error}", file=sys.stderr)
        return 2
    except ConnectionLost as error:
        print(f"podium: {error}", file=sys.stderr)
        return 1
    except Exception:
        logging.getLogger(__name__).exception("%s has failed", service)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
