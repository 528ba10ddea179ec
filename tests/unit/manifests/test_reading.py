"""Manifests are read from wherever people keep them; what is wrong is told by file, resource and field, all at once."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from cxone_operator.manifests.reading import ManifestError, read_manifests, read_revision
from support.resources import tenant, user


def written(folder: Path, **files: Any) -> str:
    """YAML files of those names, each with its documents."""
    for name, documents in files.items():
        place = folder / f"{name}.yaml"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(yaml.safe_dump_all(documents) if isinstance(documents, list) else documents)
    return str(folder)


def names(found: dict[Any, Any]) -> list[tuple[str, str, str]]:
    return sorted(found)


def test_a_folder_and_all_below_it(tmp_path: Path) -> None:
    """Of several documents, in lists too; what is not ours is passed over."""
    foreign = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
    several = {"apiVersion": "v1", "kind": "List", "items": [user("ns", "b"), foreign]}
    place = written(tmp_path, one=[user("ns", "a"), foreign], **{"below/two": [several], "below/three": [tenant("ns")]})
    (tmp_path / "notes.txt").write_text("not: [yaml")
    expected = [("CxoneTenant", "ns", "default"), ("CxoneUser", "ns", "a"), ("CxoneUser", "ns", "b")]
    assert names(read_manifests([place], "other")) == expected


def test_whoever_names_no_namespace_is_where_the_command_looks() -> None:
    """As with kubectl; and defaults are filled in, as the API server does."""
    body = user("ns", "a", activeFrom="2026-01-01T00:00:00Z")
    del body["metadata"]["namespace"]
    text = yaml.safe_dump(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.StringIO(text))
        (found,) = read_manifests(["-"], "workforce").values()
    assert found.key == ("CxoneUser", "workforce", "a")
    assert found.body["spec"]["tenantRef"] == {"name": "default"}
    assert found.body["spec"]["activeFrom"] == "2026-01-01T00:00:00Z"


def test_all_that_is_wrong_is_told(tmp_path: Path) -> None:
    """By file, resource and field."""
    place = written(
        tmp_path,
        a=[user("ns", "a", userName="no mail", name={"givenName": " x", "familyName": "y"})],
        b=[user("ns", "b", rolle="Agent")],
        c="{",
        d=[user("ns", "d")],
        e=[user("ns", "d")],
        f=[{"apiVersion": "cxone.dev/v1alpha1", "kind": "CxoneUser"}],
        g=[user("ns", "Jane_Smith"), user("ns", "x" * 254)],
    )
    with pytest.raises(ManifestError) as caught:
        read_manifests([place], "ns")
    lines = str(caught.value).splitlines()
    starts = (
        "a.yaml: CxoneUser a: spec.",
        "b.yaml: CxoneUser b: spec: unknown field rolle",
        "c.yaml: this is not YAML",
    )
    assert all(any(start in line for line in lines) for start in starts)
    assert sum("a.yaml: CxoneUser a" in line for line in lines) == 2
    assert sum("g.yaml" in line and "metadata.name: must be small letters" in line for line in lines) == 2
    assert any("e.yaml: CxoneUser d is in" in line for line in lines)
    assert any("f.yaml: CxoneUser: metadata.name is missing" in line for line in lines)


@pytest.mark.parametrize("text", ["\t- {", "!!python/object:os.system {}", "[" * 3000, "\x00", "a: {"])
def test_what_is_no_yaml(tmp_path: Path, text: str) -> None:
    """It is told by the file, and nothing else is raised."""
    with pytest.raises(ManifestError, match=r"bad.yaml: this is not YAML"):
        read_manifests([written(tmp_path, bad=text)], "ns")


@pytest.mark.parametrize("text", ["", "a: &x [*x]", "3", "- 3", "kind: CxoneUser", "kind: List\nitems: 3"])
def test_what_is_not_ours(tmp_path: Path, text: str) -> None:
    """It is passed over, whatever it is."""
    assert read_manifests([written(tmp_path, other=text)], "ns") == {}


def test_what_is_not_there() -> None:
    """The path is named."""
    with pytest.raises(ManifestError, match="nowhere: there is no such file or folder"):
        read_manifests(["/nowhere"], "ns")


def test_a_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files as they were committed, whatever has become of them."""
    written(
        tmp_path, **{"users/a": [user("ns", "a")], "users/ß b": [user("ns", "b")], "elsewhere/c": [user("ns", "c")]}
    )
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-C", str(tmp_path)]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *arguments], check=True)
    (tmp_path / "users" / "a.yaml").unlink()
    monkeypatch.chdir(tmp_path)
    before, after = read_revision("HEAD", ["users"], "ns"), read_manifests(["users"], "ns")
    assert [sorted(key[2] for key in found) for found in (before, after)] == [["a", "b"], ["b"]]
    with pytest.raises(ManifestError, match=r"git says: .*; run it in the repository"):
        read_revision("nothing", ["users"], "ns")
