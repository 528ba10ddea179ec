"""Whatever an HR system says, in whatever order: who is who stays so, on a store in memory."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from cxone_operator.api.hr import HrEvent, decode_events, decode_names
from cxone_operator.bridge.decision import Apply, decide, manifest
from cxone_operator.bridge.event import Event
from cxone_operator.bridge.person import Found, whom
from cxone_operator.core.naming import resource_names
from cxone_operator.core.users import key_of
from unit.bridge.builders import an_event, found
from unit.builders import NOW

ADDRESSES = ["Anna@x.com", "anna@X.com", "jos\u00e9@x.com", "jose\u0301@x.com", "carl@x.com"]


@dataclass
class Store:
    """Resources by name, the oldest first."""

    resources: dict[str, Found] = field(default_factory=dict)
    told: int = 0

    def hear(self, event: Event) -> bool:
        """What a bridge does with it; False where it does nothing."""
        self.told += 1
        happened = HrEvent(f"msg_{self.told}", NOW + timedelta(minutes=self.told))
        person = whom(event, tuple(self.resources.values()))
        decision = decide(event, happened, person, "default", NOW)
        if not isinstance(decision, Apply):
            return False
        free = (name for name in resource_names(event.email, event.employee_id) if name not in self.resources)
        name = person.found.name if person.found else next(free)
        annotations = manifest("workforce", name, decision, happened, person)["metadata"]["annotations"]
        self.resources[name] = found(
            *decode_events(annotations["cxone.dev/hr-events"]),
            called=name,
            former=decode_names(annotations.get("cxone.dev/former-user-names")),
            **{"employeeId": None, **json.loads(json.dumps(decision.spec))},
        )
        return True

    def disturb(self, action: str) -> None:
        """Somebody deletes the oldest resource that stays, or the oldest deletion is done."""
        for name, one in self.resources.items():
            if one.deleting is (action == "gone"):
                self.resources[name] = replace(one, deleting=True)
                if action == "gone":
                    del self.resources[name]
                return

    def present(self) -> list[Found]:
        return [one for one in self.resources.values() if not one.deleting]


EVENTS = st.builds(
    lambda action, email, number: an_event(action, email=email, **({"employeeId": number} if number else {})),
    st.sampled_from(["hire", "hire", "rehire", "update", "terminate"]),
    st.sampled_from(ADDRESSES),
    st.sampled_from([None, "E1", "E2", "E3"]),
)


@settings(max_examples=300)
@given(st.lists(st.one_of(EVENTS, st.sampled_from(["delete", "gone"])), max_size=14))
def test_who_is_who_stays_so(story: list[Event | str]) -> None:
    """One resource for a person and an address, whoever has one keeps it, and only hire and rehire let in."""
    store = Store()
    for step in story:
        before = dict(store.resources)
        if isinstance(step, str):
            store.disturb(step)
            continue
        heard = store.hear(step)
        _unambiguous(store.present())
        _nobody_inherits(before, store.resources)
        _let_in_by(step, before, store.resources)
        if heard and step.action == "terminate":
            about = whom(step, tuple(store.resources.values())).found
            assert about is not None
            assert not about.spec.active


def _unambiguous(resources: list[Found]) -> None:
    numbers = Counter(one.spec.employee_id for one in resources if one.spec.employee_id is not None)
    keys = Counter(key_of(one.spec.user_name) for one in resources)
    assert max([*numbers.values(), *keys.values()], default=1) == 1


def _nobody_inherits(before: dict[str, Found], after: dict[str, Found]) -> None:
    for name, one in before.items():
        assert one.spec.employee_id in (None, after[name].spec.employee_id)
    taken = {key: one.spec.employee_id for one in before.values() if one.spec.employee_id for key in _keys(one)}
    for one in after.values():
        has = key_of(one.spec.user_name)
        assert one.spec.employee_id is None or taken.get(has, one.spec.employee_id) == one.spec.employee_id


def _keys(one: Found) -> set[str]:
    return {key_of(name) for name in (*one.former, one.spec.user_name)}


def _let_in_by(event: Event, before: dict[str, Found], after: dict[str, Found]) -> None:
    def active(resources: dict[str, Found]) -> set[str]:
        return {name for name, one in resources.items() if one.spec.active}

    assert event.action in ("hire", "rehire") or active(after) <= active(before)
