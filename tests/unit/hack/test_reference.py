"""The reference says what the code says: every name, its line of meaning, and nothing that is gone."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import msgspec
import pytest
import yaml
from click.testing import CliRunner

from cxone_operator.api.reasons import Reason
from cxone_operator.api.tenant import TenantSpec
from cxone_operator.cli.commands import main as operator
from cxone_operator.config import environment_tenant, unknown_fields
from cxone_operator.scim.dialects import PRESETS
from cxone_operator.scim.dialects.dialect import Grant
from cxone_operator.telemetry import metrics
from cxone_operator.telemetry.audit import AuditLine
from reference.__main__ import FOLDER, ROOT, pages, stale, write
from reference.apis import attribute_of
from reference.commands import description, walk
from reference.crds import fields, resource
from reference.markdown import literal, table
from reference.settings import tenant_fields, variable
from reference.source import UndocumentedError, meaning, meanings

CREDENTIALS = {"CXONE_BASE_URL": "https://x.example", "CXONE_CLIENT_ID": "id", "CXONE_CLIENT_SECRET": "s"}


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    return pages()


def test_the_committed_pages_are_current(written: dict[str, str]) -> None:
    """`make check` says the same, and `make reference` puts it right."""
    assert stale(FOLDER, written) == []


def test_the_same_code_gives_the_same_pages(written: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """On any terminal and in any environment."""
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("CXONE_SIMULATOR_CLIENT_SECRET", "canary")
    assert pages() == written


def test_what_differs_is_found_and_put_right(tmp_path: Path) -> None:
    """A page that is missing, one that was edited, and one that belongs to nothing any more."""
    folder, wanted = tmp_path / "reference", {"a.md": "a\n", "b.md": "b\n", "c.md": "c\n"}
    assert stale(folder, wanted) == ["a.md", "b.md", "c.md"]
    assert write(folder, wanted) == ["a.md", "b.md", "c.md"]
    (folder / "a.md").unlink()
    (folder / "b.md").write_text("edited")
    (folder / "old.md").write_text("x")
    assert stale(folder, wanted) == ["a.md", "b.md", "old.md"]
    write(folder, wanted)
    assert stale(folder, wanted) == []
    assert sorted(path.name for path in folder.iterdir()) == ["a.md", "b.md", "c.md"]


def test_every_name_is_there(written: dict[str, str]) -> None:
    """Fields of both kinds, reasons, metrics, fields of audit lines, and options."""
    for kind, page in (("cxoneusers", "user.md"), ("cxonetenants", "tenant.md")):
        schema = yaml.safe_load((ROOT / "crds" / f"{kind}.yaml").read_text())["spec"]["versions"][0]["schema"]
        for part in ("spec", "status"):
            for field in fields(schema["openAPIV3Schema"]["properties"][part]):
                if not field.path.startswith("conditions[]."):
                    assert f"\n| `{field.path}` |" in written[page], field.path
    for reason in Reason:
        assert f"| `{reason.value}` | {reason.meaning} |" in written["reasons.md"]
    for family in metrics.REGISTRY.collect():
        assert f"| `{family.name}" in written["metrics.md"]
    for line in msgspec.structs.fields(AuditLine):
        assert f"| `{line.encode_name}` |" in written["audit.md"]
    for context in walk(operator, "cxone-operator"):
        assert f"\n## {context.command_path}\n" in written["commands.md"]
        for option in (param for param in context.command.params if isinstance(param, click.Option)):
            assert f"| `{option.opts[0]}" in written["commands.md"]


def test_every_setting_of_an_api_has_its_values(written: dict[str, str]) -> None:
    """One that no dialect knows would be missing on the page, and would do nothing."""
    lines = written["apis.md"].splitlines()
    api = [field for field in tenant_fields(ROOT) if field.path.startswith("api.") and field.path != "api.preset"]
    assert len(api) > 15
    for field in api:
        row = next(line for line in lines if line.startswith(f"| `{field.path}` |"))
        values = [getattr(dialect, attribute_of(field.path)) for dialect in PRESETS.values()]
        shown = ("none" if value is None else literal(value) for value in values)
        assert row.lower().endswith(f" | {' | '.join(shown)} |".lower()), row
    for grant in Grant:
        assert f"| `{grant}` | {', '.join(literal(key) for key in grant.keys)} |" in lines


def test_the_example_of_the_audit_trail_is_a_line_of_it(written: dict[str, str]) -> None:
    """As it would be printed."""
    block = written["audit.md"].partition("```json\n")[2].partition("\n```")[0]
    line = json.loads(block)
    assert line["log"] == "audit"
    assert msgspec.convert(line, AuditLine).action == line["action"]


def test_every_variable_means_its_field() -> None:
    """Read back by the operator itself, the value is where the page says, in a form that the field takes."""
    found = tenant_fields(ROOT)
    assert len(found) > 30
    for field in found:
        value = _sample(field.schema)
        tenant = environment_tenant({**CREDENTIALS, variable(field.path): value})
        assert tenant is not None
        given: Any = tenant.spec
        for part in field.path.split("."):
            given = given[part]
        assert given == (value.split(", ") if field.schema["type"] == "array" else value), field.path
        spec = msgspec.convert(tenant.spec, TenantSpec, strict=False)
        assert unknown_fields(tenant.spec, msgspec.to_builtins(spec)) == []


def _sample(schema: dict[str, Any]) -> str:
    """What somebody could type."""
    if "enum" in schema.get("items", {}):
        return ", ".join(schema["items"]["enum"])
    if "enum" in schema:
        return str(schema["enum"][0])
    return {"array": "a, b", "boolean": "true", "integer": str(schema.get("minimum"))}.get(schema["type"], "x")


CRD = """
spec:
  group: cxone.dev
  scope: Namespaced
  names: {kind: Thing, plural: things, categories: [cxone]}
  versions:
    - name: v1
      storage: true
      schema:
        openAPIV3Schema:
          description: A thing.
          properties:
            spec:
              required: [name]
              x-kubernetes-validations: [{rule: r, message: say something}]
              properties:
                name: {description: "A | B.", type: string, maxLength: 9}
                size: {type: integer, minimum: 1, default: 5}
                parts:
                  type: array
                  maxItems: 3
                  items:
                    properties: {kind: {type: string, enum: [X, "Y"], description: Which.}}
            status: {description: How it is., properties: {}}
"""


def test_a_resource(tmp_path: Path) -> None:
    """Types, bounds, defaults, lists and messages, whatever the kind."""
    (tmp_path / "crd.yaml").write_text(CRD)
    (tmp_path / "sample.yaml").write_text("kind: Thing\n")
    text = resource(tmp_path / "crd.yaml", tmp_path / "sample.yaml")
    for line in (
        "# Thing",
        "| `name` | string, at most 9 characters | **required** | A \\| B. |",
        "| `size` | integer, at least 1 | `5` |  |",
        "| `parts` | list, at most 3 items |  |  |",
        "| `parts[].kind` | `X` or `Y` |  | Which. |",
        "* say something",
        "```yaml\nkind: Thing\n```",
    ):
        assert f"\n{line}\n" in f"\n{text}\n", text


def test_commands_of_any_form() -> None:
    """A group in a group, an option that the environment gives, and one that is hidden."""

    @click.group()
    def top() -> None:
        """Top."""

    @top.command()
    @click.argument("name")
    @click.option("--level", envvar="LEVEL", default=3, show_default=True, help="How high.")
    @click.option("--secret", hidden=True)
    def below(name: str, level: int, secret: str) -> None:
        """Below.

        More of it.
        """

    contexts = list(walk(top, "top"))
    assert [context.command_path for context in contexts] == ["top", "top below"]
    assert "| `below` | Below. |" in description(contexts[0])
    text = description(contexts[1])
    assert "top below [OPTIONS] NAME" in text
    assert "| `--level INTEGER` | `LEVEL` | How high. [default: 3] |" in text
    assert "\n\nMore of it.\n\n" in text
    assert "secret" not in text


def test_a_command_of_two_names_is_there_once(written: dict[str, str]) -> None:
    """kubectl's plugin is the same one."""
    assert "\n## cxone-operator plan\n" in written["commands.md"]
    assert "## kubectl-cxone" not in written["commands.md"]


@pytest.mark.parametrize("context", list(walk(operator, "cxone-operator")), ids=lambda context: context.command_path)
def test_each_command_answers(context: click.Context) -> None:
    """In the two ways that people ask for help; a list of commands has what each is for in full."""
    path = context.command_path.split()[1:]
    answers = [CliRunner().invoke(operator, [*path, option], terminal_width=80) for option in ("-h", "--help")]
    assert [answer.exit_code for answer in answers] == [0, 0]
    assert answers[0].output == answers[1].output
    assert "...\n" not in answers[0].output.replace("[ARGS]...", "")


def test_meanings_are_read_from_the_source() -> None:
    """A name without one is a mistake that has a name."""
    module = ModuleType("things")
    source = 'A = 1\n"""One\nthing."""\nB: int = 2\nC = 3\n"""Last."""\n'
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reference.source.inspect.getsource", lambda _: source)
        assert meanings(module) == {"A": "One thing.", "B": "", "C": "Last."}
        assert meaning(module, "A") == "One thing."
        with pytest.raises(UndocumentedError, match=r"things\.B has no docstring"):
            meaning(module, "B")


def test_markdown_survives_what_is_in_it() -> None:
    """Bars and backticks."""
    assert table(["a"], [["x | y"]]) == "| a |\n| --- |\n| x \\| y |"
    assert literal("a`b") == "`` a`b ``"
    assert table(["a"], []) == ""
