"""A userName that CXone calls taken: whoever has it is looked for until somebody is found."""

from __future__ import annotations

from cxone_operator.core.lane import Lane
from cxone_operator.scim.errors import AlreadyExists
from unit.engine.send.test_sender import Scene


async def test_who_exists_and_is_not_found_by_name_is_looked_for_in_the_list() -> None:
    """When CXone says for the second time that the userName is taken; the first time a look-up explains."""
    scene = Scene()
    wanted = []
    for _ in range(2):
        scene.memory.refresh_wanted = False
        scene.memory.directory.learn(["jane@example.com"], [], scene.time)
        scene.remote.receipts.append(AlreadyExists("taken", code="409"))
        scene.queue(Lane.JOINERS, "jane")
        await scene.turn()
        wanted.append(scene.memory.refresh_wanted)
    assert (scene.sent(), wanted) == (["jane", "jane"], [False, True])
