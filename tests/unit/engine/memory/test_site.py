"""Sites: which CxoneTenants mean the same CXone, and what is judged for all of them together."""

from __future__ import annotations

from typing import Any

import pytest

from cxone_operator.core.deprovisioning import Admission
from cxone_operator.core.facts import Heir
from cxone_operator.core.knowledge import Present, Unknown
from cxone_operator.engine.decide.view import View
from cxone_operator.engine.memory.memory import Memory
from cxone_operator.engine.memory.site import Sites, address_of
from unit.builders import a_remote, a_tenant, a_user
from unit.engine.scene import clocks

URL = "https://platform.example.com"


class Region:
    """Several loops of one process."""

    def __init__(self) -> None:
        self.time = 0.0
        self.sites = Sites()
        self.woken: list[str] = []

    def begins(self, name: str, **spec: Any) -> Memory:
        """A loop whose credentials nobody has read."""
        declared = a_tenant(**{"baseURL": URL, **spec})
        return Memory(name, declared, clocks(lambda: self.time), lambda: self.woken.append(name), self.sites)

    def joins(self, name: str, client_id: str = "id", tenant_id: str = "", **spec: Any) -> Memory:
        """A loop that knows its CXone."""
        memory = self.begins(name, **spec)
        self.sites.join(memory, client_id, tenant_id)
        return memory


def here(day: int = 1, **more: Any) -> Any:
    """Kim in one namespace."""
    return _kim("here", day, **more)


def there(day: int = 2, **more: Any) -> Any:
    """Kim in another one."""
    return _kim("there", day, **more)


def _kim(namespace: str, day: int, **more: Any) -> Any:
    metadata = {
        "namespace": namespace,
        "uid": f"uid-{namespace}",
        "creationTimestamp": f"2026-01-{day:02}T00:00:00Z",
        **more.pop("metadata", {}),
    }
    return a_user("kim", metadata=metadata, **more)


@pytest.fixture
def region() -> Region:
    return Region()


def marked(memory: Memory) -> list[str]:
    return [user.metadata.namespace for user in memory.resources.take(100)]


# Who is whose neighbour.


@pytest.mark.parametrize(
    "written", [URL + "/", "HTTPS://Platform.Example.com", "https://platform.example.com:443", URL + ":443//"]
)
def test_the_same_address_may_be_written_differently(written: str) -> None:
    assert address_of(written) == address_of(URL)


@pytest.mark.parametrize(
    "written", ["http://platform.example.com", URL + ":8443", URL + "/eu", "https://example.com", "nonsense", ""]
)
def test_another_address_is_another_cxone(written: str) -> None:
    assert address_of(written) != address_of(URL)


def test_one_client_of_one_address_is_one_cxone(region: Region) -> None:
    first, second = region.joins("first"), region.joins("second", baseURL=URL + "/")
    assert first.site is second.site
    assert region.joins("third", "other").site is not first.site
    assert region.joins("fourth", baseURL="https://other.example.com").site is not first.site


def test_two_clients_of_one_tenant_are_neighbours(region: Region) -> None:
    """As their tokens tell; without a word, or of another tenant, or at another address, they are strangers."""
    first, second = region.joins("first", "a", "acme"), region.joins("second", "b", "acme")
    assert first.site is second.site
    strangers = [
        region.joins("third", "c"),
        region.joins("fourth", "d", "other"),
        region.joins("fifth", "e", "acme", baseURL="https://other.example.com"),
    ]
    assert [one.site is first.site for one in strangers] == [False] * 3
    assert first.site.members == [first, second]


def test_a_tenants_clients_keep_its_rate_limit(region: Region) -> None:
    """Whatever was sent before anybody knew the tenant, and by a loop that has ended."""
    first = region.joins("first", "a", "acme")
    before = region.sites.site_of(first, "a")
    assert before is first.site
    region.sites.leave(first)
    assert region.joins("again", "b", "acme").site is before
    assert region.sites.site_of(first, "b") is before


def test_no_deletion_locks_out_whom_another_client_of_the_tenant_wants(region: Region) -> None:
    """The account is one, whoever asks for it."""
    mine, theirs = region.joins("mine", "a", "acme"), region.joins("theirs", "b", "acme")
    gone = here(deleting=True)
    mine.resources.put(gone)
    theirs.resources.put(there())
    for memory in (mine, theirs):
        refresh = memory.directory.begin_refresh(0.0)
        memory.directory.take_page(refresh, [a_remote("kim")])
        memory.directory.finish_refresh(refresh)
    assert View(mine).facts(gone).heir is Heir.CLAIMED


def test_whoever_gets_other_credentials_moves(region: Region) -> None:
    first, second = region.joins("first"), region.joins("second")
    region.sites.join(second, "other")
    assert (first.site.members, second.site.members) == ([first], [second])
    region.sites.join(second, "id")
    assert first.site.members == [first, second]


def test_it_is_waited_for_credentials_of_the_same_address_until_they_were_looked_at(region: Region) -> None:
    """Whoever has none after that is nobody's neighbour, and nobody waits for it."""
    first = region.joins("first")
    assert not region.sites.may_grow(first)
    unread, _elsewhere = region.begins("unread"), region.begins("elsewhere", baseURL="https://other.example.com")
    assert region.sites.may_grow(first)
    assert not region.sites.may_grow(unread), "nobody waits for oneself"
    region.woken.clear()
    region.sites.settle(unread)
    assert not region.sites.may_grow(first)
    assert region.woken == ["first"]


def test_whoever_only_tries_the_credentials_owns_nobody(region: Region) -> None:
    """It keeps to the rate limit, and that is all."""
    second = region.begins("second")
    tried = region.sites.site_of(second, "id")
    first = region.joins("first")
    second.resources.put(here())
    first.resources.put(there())
    assert (tried is first.site, first.site.members) == (True, [first])
    region.sites.settle(second)
    assert View(first).facts(there()).owner is None


# Who owns, and who inherits.


def test_the_older_one_owns_and_is_named_with_its_namespace(region: Region) -> None:
    first, second = region.joins("first"), region.joins("second")
    first.resources.put(here())
    second.resources.put(there())
    assert View(second).facts(there()).owner == "here/kim"
    assert View(first).facts(here()).owner is None


def test_of_two_that_were_made_at_once_one_owns(region: Region) -> None:
    """The uid decides, the same way for both."""
    first, second = region.joins("first"), region.joins("second")
    first.resources.put(here(1))
    second.resources.put(there(1))
    assert (View(first).facts(here(1)).owner, View(second).facts(there(1)).owner) == (None, "here/kim")


@pytest.mark.parametrize("claimed", [True, False])
def test_the_other_one_inherits_when_it_is_claimed(region: Region, claimed: bool) -> None:
    first, second = region.joins("first"), region.joins("second")
    going = here(deleting=True)
    first.resources.put(going)
    second.resources.put(there(claimed=claimed))
    assert View(first).facts(going).heir is (Heir.CLAIMED if claimed else Heir.UNCLAIMED)


def test_whoever_protects_the_user_neither_owns_nor_inherits(region: Region) -> None:
    """It would never be claimed, and nobody would look after the account."""
    first, second = region.joins("first"), region.joins("second", safety={"protectedUsers": ["kim*"]})
    first.resources.put(here(2, deleting=True))
    second.resources.put(there(1))
    facts = View(first).facts(here(2, deleting=True))
    assert (facts.owner, facts.heir) == (None, Heir.NONE)


def test_strangers_own_nothing_here(region: Region) -> None:
    first, second = region.joins("first"), region.joins("second", "other")
    first.resources.put(here())
    second.resources.put(there())
    assert View(second).facts(there()).owner is None


def test_what_changes_for_the_others_is_looked_at(region: Region) -> None:
    """A new owner, a claim, a deletion and an end; and nobody else is woken."""
    first, second, bystander = region.joins("first"), region.joins("second"), region.joins("bystander")
    second.resources.put(there())
    bystander.resources.put(a_user("ada"))
    for act in (
        lambda: first.resources.put(here(claimed=False)),
        lambda: first.resources.absorb(here(metadata={"resourceVersion": "2"})),
        lambda: first.resources.put(here(deleting=True, metadata={"resourceVersion": "3"})),
        lambda: first.resources.replace(here(deleting=True, metadata={"resourceVersion": "4"})),
        lambda: first.lose("uid-here"),
    ):
        marked(second), marked(bystander), region.woken.clear()
        act()
        assert (marked(second), marked(bystander), region.woken) == (["there"], [], ["second"])


def test_whoever_comes_or_goes_is_noticed_by_its_namesakes(region: Region) -> None:
    first, second = region.joins("first"), region.joins("second", "other")
    first.resources.put(here())
    second.resources.put(there())
    marked(first)
    region.sites.join(second, "id")
    assert marked(first) == ["here"]
    region.sites.leave(second)
    assert (marked(first), first.site.members) == (["here"], [first])


def test_a_loop_that_is_replaced_is_never_missed(region: Region) -> None:
    """Else the younger one would take over for the moment until the credentials have been read again."""
    first, second = region.joins("first"), region.joins("second")
    again = region.begins("first", baseURL=URL + "/")
    region.sites.replace(first, again)
    assert second.site.members == [second, again]
    again.resources.put(here())
    assert second.site.contenders(there(), second) == [here()]
    region.sites.join(again, "id")
    assert second.site.members == [second, again]


def test_a_loop_that_goes_on_elsewhere_leaves(region: Region) -> None:
    first, second = region.joins("first"), region.joins("second")
    region.sites.replace(first, region.begins("first", baseURL="https://other.example.com"))
    assert second.site.members == [second]


# What they make doubtful.


def test_what_one_has_done_the_other_reads_again(region: Region) -> None:
    """Also where it has no resource of that name yet."""
    first, second = region.joins("first"), region.joins("second")
    refresh = second.directory.begin_refresh(0.0)
    second.directory.take_page(refresh, [a_remote("kim"), a_remote("ada")])
    second.directory.finish_refresh(refresh)
    first.site.doubt("kim@example.com", first)
    assert isinstance(second.directory.known("kim@example.com", 0.0), Unknown)
    assert isinstance(second.directory.known("ada@example.com", 0.0), Present)


def test_the_other_inherits_what_may_still_happen(region: Region) -> None:
    """The request that may create the user of the one may create that of the other."""
    first, second = region.joins("first"), region.joins("second")
    first.resources.put(here())
    second.resources.put(there())
    first.in_doubt.add("uid-here", 900.0)
    first.lose("uid-here")
    assert second.in_doubt.until("uid-there") == 900.0


# What they share.


def test_they_send_no_more_than_the_smaller_limit_together(region: Region) -> None:
    first = region.joins("first", rateLimit={"requestsPerMinute": 200, "reservedPercentForLeavers": 10})
    assert (first.site.window.configured, first.site.window.reserved_for_leavers) == (200, 20)
    second = region.joins("second", rateLimit={"requestsPerMinute": 50, "reservedPercentForLeavers": 20})
    assert first.site.window is second.site.window
    assert (first.site.window.configured, first.site.window.reserved_for_leavers) == (50, 10)
    region.sites.leave(second)
    assert first.site.window.configured == 200


def test_what_was_sent_counts_for_whoever_comes_later(region: Region) -> None:
    first = region.joins("first")
    first.site.window.enter(0.0)
    region.sites.leave(first)
    assert region.joins("second").site.window.in_flight == 1


def test_a_throttled_limit_is_not_forgotten_because_somebody_comes(region: Region) -> None:
    first = region.joins("first")
    first.site.window.throttled(1.0, 0.0)
    slower = first.site.window.limit
    region.joins("second")
    assert first.site.window.limit == slower


def test_leavers_of_the_others_are_counted(region: Region) -> None:
    """Those of the window that is asked about, and nobody of whoever is elsewhere."""
    first, second, stranger = region.joins("first"), region.joins("second"), region.joins("stranger", "other")
    for memory, at in ((first, 100.0), (second, 50.0), (second, 90.0), (stranger, 100.0)):
        memory.leavers.admissions = memory.leavers.admissions.plus(Admission(at, "", 3))
    region.time = 100.0
    assert (first.site.admitted(60.0, first), first.site.admitted(20.0, first)) == (6, 3)
    assert first.site.admitted(60.0, second) == 3
