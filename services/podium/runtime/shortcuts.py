"""Past nats-py's public calls: a message for a sink costs neither its parser's state machine nor a task.

For that, and only here, parts of nats-py are used that are not public: the client's `_ps` (its parser),
`_send_command` and `_flush_pending`. A client that lacks them, or where they look different, has no short cuts; a
test notices.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Any, Final

from nats.aio.client import Client
from nats.protocol.parser import AWAITING_CONTROL_LINE

_log = logging.getLogger(__name__)

Sink = Callable[[str, str, bytes, bytes], None]
"""Takes `(subject, reply, payload, raw headers)` of a message, in the client's read loop: it must be quick."""

_KEPT_AS: Final = "_podium_shortcuts"


class Shortcuts:
    """Of one client.

    Attributes:
        sinks: by a subscription's number, who gets its messages before the client builds anything from them.
    """

    def __init__(self, parser: Any, send: Any, flush: Any) -> None:
        self.sinks: dict[int, Sink] = {}
        self._parser = parser
        self._parse = parser.parse
        self._send = send
        self._flush = flush

    async def write(self, lines: bytes) -> None:
        """Hand ready-made protocol lines to the client, in order with its own."""
        await self._send(lines)
        await self._flush()

    async def parse(self, data: bytes = b"") -> None:
        """In the place of the parser's own, which gets all that is for no sink: piece by piece, each one whole."""
        parser = self._parser
        if parser.buf:
            data = bytes(parser.buf) + data
            parser.buf.clear()
        sinks = self.sinks
        at, size = 0, len(data)
        while at < size:
            line_end = data.find(b"\r\n", at)
            if line_end < 0:
                break
            start = end = line_end + 2
            line = data[at:line_end].split()
            if line and line[0] in (b"MSG", b"HMSG"):
                # MSG <subject> <number> [reply] <bytes>
                # HMSG <subject> <number> [reply] <bytes of headers> <bytes in all>
                try:
                    end = start + int(line[-1])
                    sink = sinks.get(int(line[2]))
                except (ValueError, IndexError):
                    await self._parse(data[at:])  # it says what is wrong
                    return
                if end + 2 > size:
                    break
                if sink is not None:
                    if line[0] == b"MSG":
                        self._hand(sink, line, 4, data[start:end], b"")
                    else:
                        body = start + int(line[-2])
                        self._hand(sink, line, 5, data[body:end], data[start:body])
                    at = end + 2
                    continue
                end += 2
            await self._parse(data[at:end])
            at = end
        if at < size:
            parser.buf.extend(data[at:])

    def _hand(self, sink: Sink, line: list[bytes], short: int, payload: bytes, headers: bytes) -> None:
        """`short`: how many words the line has without a reply."""
        try:
            sink(line[1].decode(), line[3].decode() if len(line) > short else "", payload, headers)
        except Exception:  # it would end the client's read loop
            _log.exception("a message on %r could not be taken in", line[1])


def shortcuts_of(client: Client) -> Shortcuts | None:
    """The client's short cuts, made at the first call and kept with it; None for a nats-py that is not known."""
    known: Shortcuts | None = getattr(client, _KEPT_AS, None)
    if known is not None:
        return known
    parser, send, flush = (getattr(client, name, None) for name in ("_ps", "_send_command", "_flush_pending"))
    if not (
        _takes(getattr(parser, "parse", None), ["data"])
        and isinstance(getattr(parser, "buf", None), bytearray)
        and getattr(parser, "state", None) == AWAITING_CONTROL_LINE
        and _takes(send, ["cmd", "priority"])
        and _takes(flush, ["force_flush"])
    ):
        return None
    made = Shortcuts(parser, send, flush)
    setattr(parser, "parse", made.parse)  # noqa: B010 (not public: see above)
    setattr(client, _KEPT_AS, made)
    return made


def _takes(method: object, parameters: list[str]) -> bool:
    return inspect.iscoroutinefunction(method) and list(inspect.signature(method).parameters) == parameters
