"""Look-ups: users that are to be read from CXone by name, a portion at a time, or with the walk where that is cheaper.

A walk that is about to begin answers every question at no cost, so only leavers do not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cxone_operator.core.backoff import backoff
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import key_of
from cxone_operator.engine.base.tasks import Tasks
from cxone_operator.engine.memory.memory import Memory
from cxone_operator.engine.read.names import INCOMPLETE, Accounts, accounts_of, find_all, find_employed
from cxone_operator.scim.errors import ScimError
from cxone_operator.scim.remote import Found, Remote

AT_ONCE = 4
"""Look-ups in flight."""
_NEVER = (0, 0.0, INCOMPLETE)

Questions = dict[str, str]
"""Natural key → userName."""


class LookUps:
    """Asks CXone for users of one tenant."""

    def __init__(self, memory: Memory, tasks: Tasks) -> None:
        self._memory = memory
        self._tasks = tasks
        self._questions: dict[Lane, Questions] = {Lane.LEAVERS: {}, Lane.UPDATES: {}}
        self._asking: dict[str, float] = {}
        """Natural key → when the request set out that asks for it."""
        self._ids: dict[str, set[str]] = {}
        """Natural key → the ids of the accounts that are looked for under it, where they are known."""
        self._themselves: set[str] = set()
        """Natural keys for which a list of everybody is no answer."""
        self._in_vain: dict[str, tuple[int, float, str]] = {}
        """Natural key → how often in a row the answer did not tell, until when it is not asked for again, and why."""
        self._running = 0

    def ask(self, user_name: str, lane: Lane, user_id: str | None = None, *, itself: bool = False) -> float:
        """This user is to be read, a leaver at once; `itself`: by name and id, whatever a walk may say.

        0, or the seconds for which nothing is asked, as CXone has not told the last time.
        """
        memory, key = self._memory, key_of(user_name)
        pause = self._in_vain.get(key, _NEVER)[1] - memory.time
        if pause > 0:
            return pause
        if key in self._asking and self._asking[key] >= memory.directory.forgotten(key):
            return 0.0
        if lane is not Lane.LEAVERS and not memory.directory.complete:
            return 0.0  # when the first walk is complete, everybody is looked at
        if lane is not Lane.LEAVERS and memory.refresh_wanted and not itself:
            self._leave_to_the_walk(key)
            return 0.0
        self._put(key, user_name, lane)
        if user_id is not None:
            self._ids.setdefault(key, set()).add(user_id)
        if itself:
            self._themselves.add(key)
        return 0.0

    def problem(self, user_name: str) -> str:
        """Why CXone has not told of a user the last time."""
        return self._in_vain.get(key_of(user_name), _NEVER)[2]

    def send(self, remote: Remote, may_send: Callable[[Lane], bool]) -> None:
        """Start what can be started now; `may_send` says whether a lane has a place in the rate limit."""
        if self._memory.reading.remaining(self._memory.time) > 0:
            return
        for lane, questions in self._questions.items():
            if questions and self._running < AT_ONCE and may_send(lane):
                self._send_lane(remote, lane, questions)

    def _put(self, key: str, user_name: str, lane: Lane) -> None:
        """Into one lane, that of leavers where it is asked for in both."""
        if lane is Lane.LEAVERS:
            self._questions[Lane.UPDATES].pop(key, None)
        if lane is Lane.LEAVERS or key not in self._questions[Lane.LEAVERS]:
            self._questions[lane][key] = user_name

    def _send_lane(self, remote: Remote, lane: Lane, questions: Questions) -> None:
        if lane is not Lane.LEAVERS and remote.capabilities.lists and self._memory.directory.whole:
            self._leave_many_to_the_walk(remote, questions)
        for names in self._portions(remote, questions)[: AT_ONCE - self._running]:
            for name in names:
                questions.pop(key_of(name), None)
            self._running += 1
            self._tasks.start(self._look_up(remote, lane, names))

    def _portions(self, remote: Remote, questions: Questions) -> list[tuple[str, ...]]:
        """Whoever CXone has not told of is asked for alone, after all others: the answer may fail again."""
        easy = [name for key, name in questions.items() if key not in self._in_vain]
        return [*remote.portions(easy), *((name,) for key, name in questions.items() if key in self._in_vain)]

    def _leave_many_to_the_walk(self, remote: Remote, questions: Questions) -> None:
        """All whom a walk answers with fewer requests; not while its answer has a hole."""
        left = {key: name for key, name in questions.items() if key not in self._themselves}
        if len(remote.portions(left.values())) <= remote.pages(len(self._memory.directory) + len(left)):
            return
        self._memory.refresh_wanted = True
        for key in left:
            self._leave_to_the_walk(key)
            self._ids.pop(key, None)
            del questions[key]

    def _leave_to_the_walk(self, key: str) -> None:
        """What the list says of somebody unknown is news, even if it is what was known before."""
        self._memory.directory.forget(key, self._memory.time)

    async def _look_up(self, remote: Remote, lane: Lane, names: tuple[str, ...]) -> None:
        memory = self._memory
        sent = memory.time
        keys = [key_of(name) for name in names]
        self._asking.update(dict.fromkeys(keys, sent))
        try:
            found = await self._find(remote, names, lane)
            ids = set().union(*(self._ids.get(key, ()) for key in keys))
            accounts = await accounts_of(remote, ids, found.users, lane)
        except ScimError as error:
            memory.reading.failed(error.failure, memory.time, memory.clocks.jitter())
        else:
            memory.reading.succeeded()
            told = self._told(keys, found, accounts)
            memory.directory.learn(told, found.users, sent)
            memory.directory.learn_accounts(accounts.found, sent)
        finally:
            self._running -= 1
            for key in keys:
                self._asking.pop(key, None)
                self._ids.pop(key, None)
                self._themselves.discard(key)
                memory.resources.mark_key(key)
            memory.wake()

    async def _find(self, remote: Remote, names: tuple[str, ...], lane: Lane) -> Found:
        """By name, and by employeeId those without an account, where no list shows who has it."""
        found = await find_all(remote, names, lane)
        if remote.capabilities.lists:
            return found
        seen = {key_of(user.state.user_name) for user in found.users}
        more = await find_employed(remote, self._memory.second_keys(names, seen), lane)
        return Found((*found.users, *more.users), found.whole and more.whole, found.untold)

    def _told(self, keys: Iterable[str], found: Found, accounts: Accounts) -> list[str]:
        """Of whom the answer says whether they exist; the others are left alone for a while."""
        memory, seen = self._memory, {key_of(user.state.user_name) for user in found.users}
        untold = {key_of(name): said for name, said in found.untold.items()}
        ids = ((key, id_) for key in keys for id_ in self._ids.get(key, ()))
        untold |= {key: accounts.untold[id_] for key, id_ in ids if id_ in accounts.untold}
        named = {key for key in keys if key in seen or self._ids.get(key, set()) & accounts.found.keys()}
        told = [key for key in keys if key in named or (found.whole and key not in untold)]
        for key in told:
            self._in_vain.pop(key, None)
        for key in set(keys) - set(told):
            times = self._in_vain.get(key, _NEVER)[0] + 1
            until = memory.time + backoff(times, memory.clocks.jitter())
            self._in_vain[key] = times, until, untold.get(key, INCOMPLETE)
        return told
