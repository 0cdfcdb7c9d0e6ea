"""Shared documents through all of podium: live edits, cuts of the connection, and what the command line says."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, redirect_stderr, redirect_stdout
from io import StringIO
from random import Random
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from podium.client import Client, CommandRefused
from podium.client.cli import main
from podium.client.documents.document import Document
from podium.client.documents.loading import content_of, load
from podium.client.documents.publishing import Published
from podium.contracts.document_queries import DocumentHistory
from podium.contracts.workflow_queries import GetDefinition
from tests.log.proxy import Proxy
from tests.podium_system import Podium
from tests.system.command_line import Ended

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECONDS = 60.0
CUT_WHILE_IT_CONNECTS = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
"""nats-py forgets the stream of a connection that ends while it is being made."""

ALPHABET = "abc \né中😀"


class Member:
    """A client behind a network that fails, with the document open."""

    def __init__(self, number: int, proxy: Proxy, opened: Document) -> None:
        self.proxy = proxy
        self.opened = opened
        self._random = Random(number)

    async def works(self, edits: int) -> None:
        for _ in range(edits):
            text = self.opened.text
            position = self._random.randint(0, len(text))
            length = self._random.randint(0, min(3, len(text) - position))
            text.replace(position, length, "".join(self._random.choices(ALPHABET, k=self._random.randint(0, 4))))
            chance = self._random.random()
            if chance < 0.2:
                self.proxy.refuses = chance < 0.05  # and goes on to write, until the next cut
                self.proxy.cut()
            await asyncio.sleep(self._random.random() * 0.1)
        self.proxy.refuses = False


@CUT_WHILE_IT_CONNECTS
async def test_ten_who_edit_and_lose_their_connections_come_to_see_the_same(shared_podium: Podium):
    async with AsyncExitStack() as stack:
        owner = await stack.enter_async_context(Client(shared_podium.url, "owner", timeout=SECONDS))
        await owner.document("crowd").create(content="begun")
        members: list[Member] = []
        for number in range(10):
            proxy = await Proxy(shared_podium.url).start()
            stack.push_async_callback(proxy.stop)
            client = await stack.enter_async_context(Client(proxy.url, f"member-{number}", timeout=SECONDS))
            opened = await stack.enter_async_context(client.document("crowd"))
            members.append(Member(number, proxy, opened))
        await asyncio.gather(*(member.works(20) for member in members))
        await asyncio.gather(*(member.opened.saved(SECONDS) for member in members))
        stored = await load(owner.connection, owner.subjects, "crowd")
        await asyncio.gather(*(member.opened.reached(stored.revision, SECONDS) for member in members))
        assert {str(member.opened.text) for member in members} == {content_of(stored)}
        assert stored.revision > 10
        clients = {row.by for row in (await owner.query(DocumentHistory(document_id="crowd", limit=500))).revisions}
        assert len(clients) == 11


@CUT_WHILE_IT_CONNECTS
async def test_edits_made_offline_are_merged_on_return(shared_podium: Podium):
    proxy = await Proxy(shared_podium.url).start()
    async with Client(shared_podium.url, "ann", timeout=SECONDS) as ann, Client(proxy.url, "bob") as bob:
        await ann.document("offline").create(content="middle")
        async with ann.document("offline") as here, bob.document("offline") as there:
            proxy.refuses = True
            proxy.cut()
            there.text.insert(0, "bob ")
            here.text.append(" ann")
            await here.saved(SECONDS)
            assert str(there.text) == "bob middle"
            proxy.refuses = False
            revision = await there.saved(SECONDS)
            await here.reached(revision, SECONDS)
            await there.reached(revision, SECONDS)
            assert str(here.text) == str(there.text) == "bob middle ann"
    await proxy.stop()


async def test_those_who_have_it_open_see_each_other(shared_podium: Podium):
    async with Client(shared_podium.url, "ann") as ann, Client(shared_podium.url, "bob") as bob:
        await ann.document("aware").create(content="a😀b")
        async with ann.document("aware") as here:
            async with bob.document("aware") as there:
                await here.tell(name="Ann", cursor=3, state={"colour": "teal"})
                await there.tell(cursor=0, selection=2)
                async with asyncio.timeout(SECONDS):
                    while [one.cursor for one in there.others] != [3] or [one.selection for one in here.others] != [2]:
                        await asyncio.sleep(0.01)
                (seen,) = there.others
                assert (seen.principal, seen.name, seen.cursor, seen.state) == ("ann", "Ann", 3, {"colour": "teal"})
                there.text.insert(0, "中中")
                assert [one.cursor for one in there.others] == [5]
                (bobs,) = here.others
                assert (bobs.name, bobs.cursor, bobs.selection) == ("bob", 0, 2)
            async with asyncio.timeout(SECONDS):
                while here.others:
                    await asyncio.sleep(0.01)


async def test_who_may_only_read_loses_what_it_wrote(shared_podium: Podium):
    async with Client(shared_podium.url, "ann") as ann, Client(shared_podium.url, "bob") as bob:
        await ann.document("readers").create(content="as it is", others="reader")
        async with bob.document("readers") as there:
            there.text.append(", and more")
            with pytest.raises(CommandRefused, match="not_allowed"):
                await there.saved(SECONDS)
            assert str(there.text) == "as it is"
            with pytest.raises(CommandRefused, match="not_allowed"):
                there.text.append("again")


async def test_a_structure_is_edited_by_hand_and_by_path(shared_podium: Podium):
    async with Client(shared_podium.url, "ann") as ann:
        await ann.document("plan").create(kind="structure", content={"steps": [1]})
        async with ann.document("plan") as plan:
            with plan.together():
                plan.map["title"] = "A"
                plan.map["n"] = 3
            revision = await plan.saved(SECONDS)
            await plan.reached(max(2, revision), SECONDS)
            await plan.edit(["steps", 1], "insert", {"id": "b"})
            await plan.reached(3, SECONDS)
            assert plan.content == {"n": 3, "steps": [1, {"id": "b"}], "title": "A"}
            await plan.restore(1)
            await plan.reached(4, SECONDS)
            assert plan.content == {"steps": [1]}


async def test_what_a_document_holds_is_published_as_a_workflow(shared_podium: Podium):
    """By the SDK and by the command line: new versions, an older revision again, and every fault of what is none."""
    paper = {"id": "published-paper", "tasks": [{"id": "write", "skills": ["write"]}]}
    async with Client(shared_podium.url, "ann", timeout=SECONDS) as ann:
        plan = await ann.document("published").create(kind="workflow", content=paper)
        first = await plan.publish()
        assert (first.workflow, first.version, first.revision, first.new) == ("published-paper", 1, 1, True)
        assert await plan.publish() == replace(first, new=False)
        await plan.edit(["tasks", "0", "skills"], "set", ["write", "spell"])
        made = await asyncio.to_thread(_run, "publish", "published", "--json", "--nats", shared_podium.url)
        second = msgspec.convert(made.json, Published)
        assert (made.code, second.version, second.revision) == (0, 2, 2)
        assert second.hash != first.hash
        back = await plan.publish(1)
        assert (back.version, back.hash) == (3, first.hash)
        with pytest.raises(LookupError, match="the newest is 2"):
            await plan.publish(7)
        known = await ann.query(GetDefinition(workflow="published-paper", version=2, fresh=True))
        assert msgspec.json.decode(known.definition)["tasks"][0]["skills"] == ["write", "spell"]
        draft = await ann.document("draft-paper").create(content="id: draft\ntasks:\n  - id: a\n    colour: red\n")
        with pytest.raises(CommandRefused, match="bad_definition"):
            await draft.publish()
        wrong = await asyncio.to_thread(_run, "publish", "draft-paper", "--nats", shared_podium.url)
        assert wrong.code == 1
        assert "draft-paper: $.tasks[0].colour: there is no such field" in wrong.err
        assert [row.revision for row in await plan.history()] == [2, 1]
        assert await plan.at(1) == paper


def _run(*arguments: str) -> Ended:
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
        code = main(["document", *arguments])
    return Ended(code, out.getvalue(), err.getvalue())


async def test_the_command_line_writes_reads_and_restores(shared_podium: Podium, tmp_path: Any):
    async def podium(*arguments: str) -> Ended:
        return await asyncio.to_thread(_run, *arguments, "--nats", shared_podium.url)

    async def does(*arguments: str) -> Ended:
        ended = await podium(*arguments)
        assert ended.code == 0, ended.err
        return ended

    file = tmp_path / "memo.txt"
    file.write_text("one 😀 two")
    await does("create", "memo", "--title", "M", "--file", str(file))
    await does("edit", "memo", "--at", "6", "--delete", "3", "--insert", "three")
    assert (await does("show", "memo")).out == "one 😀 three\n"
    file.write_text("zero one 😀")
    await does("edit", "memo", "--file", str(file))
    assert (await does("show", "memo")).out == "zero one 😀\n"
    assert (await does("show", "memo", "--at", "2")).out == "one 😀 three\n"
    await does("restore", "memo", "1")
    shown = (await does("show", "memo", "--json")).json
    assert (shown["content"], shown["revision"], shown["title"]) == ("one 😀 two", 4, "M")
    revisions = (await does("history", "memo", "--json")).json["revisions"]
    assert [row["change"] for row in revisions] == ["restored", "edited", "edited", "edited"]
    assert "memo" in [row["document_id"] for row in (await does("list", "--json")).json["documents"]]
    wrong = await podium("edit", "memo", "--at", "99", "--insert", "x")
    assert (wrong.code, wrong.err) == (2, "podium: 99 to 99 is not within a text of 9 characters\n")
    wrong = await podium("restore", "memo", "99")
    assert wrong.code == 1
    assert "unknown_revision" in wrong.err
    definition = tmp_path / "paper.json"
    definition.write_text(json.dumps({"id": "paper", "tasks": [{"id": "write", "skills": ["write"]}]}))
    await does("create", "paper", "--kind", "workflow", "--file", str(definition))
    await does("edit", "paper", "--path", "tasks/0/skills", "--set", '["write", "spell"]')
    wrong = await podium("edit", "paper", "--path", "tasks/0", "--remove")
    assert "bad_definition" in wrong.err
    assert json.loads((await does("show", "paper")).out)["tasks"][0]["skills"] == ["write", "spell"]
    await does("grant", "memo", "bob", "reader")
    await does("close", "memo")
