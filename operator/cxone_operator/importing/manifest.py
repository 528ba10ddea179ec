"""The manifest: a person as a CxoneUser, and CxoneUsers as YAML that every reader takes for the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from cxone_operator.api.meta import GROUP, VERSION
from cxone_operator.api.tenant import DEFAULT_NAME
from cxone_operator.api.user import KIND
from cxone_operator.importing.person import Person

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9@._/ -]*[A-Za-z0-9]")
_WORDS = frozenset({"yes", "no", "on", "off", "true", "false", "null"})
_WIDE = 2**20
"""Characters of a line: no value is broken over two."""

if TYPE_CHECKING:
    _Base = yaml.SafeDumper
else:
    _Base = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # ten times as fast, and not everywhere


class _Dumper(_Base):
    """Texts without quotes only where no version of YAML takes them for a number, a date or a truth: 1e5, y, 12:30."""


def _text(dumper: Any, value: str) -> Any:  # noqa: ANN401 - of whichever of the two
    plain = _PLAIN.fullmatch(value) is not None and value.lower() not in _WORDS
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if plain else '"')


_Dumper.add_representer(str, _text)


def manifest(person: Person, name: str, namespace: str | None, tenant: str) -> dict[str, object]:
    """The resource; `namespace` None leaves it to whoever applies it."""
    metadata = {"name": name} | ({"namespace": namespace} if namespace is not None else {})
    annotations = {"annotations": dict(person.annotations)} if person.annotations else {}
    reference = {} if tenant == DEFAULT_NAME else {"tenantRef": {"name": tenant}}
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": KIND,
        "metadata": metadata | annotations,
        "spec": {**person.spec, **reference, "adoptionPolicy": "Adopt"},
    }


def as_yaml(resource: dict[str, object]) -> str:
    """One document, which begins with `---`."""
    return yaml.dump(resource, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDE, explicit_start=True)
