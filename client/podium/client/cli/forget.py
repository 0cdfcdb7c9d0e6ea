"""`podium forget`: the key of a data subject is erased, and with it all that is sealed for it."""

from __future__ import annotations

from ._app import Common, Exit, app, run, tell


@app.command(
    help_epilogue="""\
Examples:
  podium forget person-17 --reason "asked for by letter 2026-117"
  podium query audit.list command=forget_subject

Exit codes: 0 the key is erased, 1 refused, 2 no server or registry,
3 it is in the log, and the key is not erased yet: does the keeper run?""",
)
def forget(subject: str, /, *, reason: str | None = None, timeout: float = 30.0, common: Common = Common()) -> int:
    """Forget a data subject for good: what was sealed for it can be read by nobody any more, here or in an archive.

    Parameters
    ----------
    subject
        what commands named as their data_subject
    reason
        stays in the log for ever: it should name nobody
    timeout
        seconds to wait until the keeper has erased the key
    """
    return run(_forget(subject, reason, timeout, common))


async def _forget(subject: str, reason: str | None, timeout: float, common: Common) -> int:
    import asyncio

    from podium.client._vault import vault_of
    from podium.contracts.forgetting import ForgetSubject

    async with common.client() as client:
        await client.send("registry", subject, ForgetSubject(reason))
        vault = vault_of(client.connection, client.subjects)
        try:
            async with asyncio.timeout(timeout):
                while not await vault.is_forgotten(subject):
                    await asyncio.sleep(0.1)
        except TimeoutError:
            tell(f"it is in the log that {subject} is forgotten, and the key is not erased yet; does the keeper run?")
            return Exit.UNKNOWN
    print(f"forgotten  {subject}: its key is erased")
    return Exit.OK
