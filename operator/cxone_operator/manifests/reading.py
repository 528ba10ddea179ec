"""Reading: the CxoneUsers and CxoneTenants of files, folders, standard input, or of a revision in Git.

Whatever else is in them is passed over, as `kubectl apply` of the same folder is not for us alone; what cannot be read
is told by file and line, all of it at once.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cxone_operator.manifests.schema import API_VERSION, KINDS, schema_of

SUFFIXES = (".yaml", ".yml", ".json")
STDIN = "-"
_LABEL = "[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_LONGEST_NAME = 253

Key = tuple[str, str, str]
"""Kind, namespace and name."""


class ManifestError(Exception):
    """Manifests that cannot be used; the message has a line for each problem, with file, resource and field."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One resource, as it is written, checked against its schema."""

    body: Mapping[str, Any]
    origin: str
    """The file."""

    @property
    def key(self) -> Key:
        """What makes it the same resource in another revision."""
        metadata = self.body["metadata"]
        return self.body["kind"], metadata["namespace"], metadata["name"]


@dataclass(frozen=True, slots=True)
class _Source:
    origin: str
    text: str


def read_manifests(paths: Iterable[str], namespace: str) -> dict[Key, Manifest]:
    """Of files, folders (with all that is below) and `-`; `namespace` for whoever names none. Raises ManifestError."""
    return _manifests((source for path in paths for source in _sources(path)), namespace)


def read_revision(revision: str, paths: Iterable[str], namespace: str) -> dict[Key, Manifest]:
    """The same files as they are in a Git revision; raises ManifestError."""
    return _manifests((source for path in paths for source in _committed(revision, path)), namespace)


def _sources(path: str) -> Iterator[_Source]:
    if path == STDIN:
        yield _Source("standard input", sys.stdin.read())
        return
    place = Path(path)
    if not place.exists():
        raise ManifestError(f"{path}: there is no such file or folder")
    files = sorted(item for item in place.rglob("*") if item.suffix in SUFFIXES) if place.is_dir() else [place]
    for file in files:
        try:
            yield _Source(str(file), file.read_text())
        except (OSError, UnicodeDecodeError) as error:
            raise ManifestError(f"{file}: cannot be read: {error}") from error


def _committed(revision: str, path: str) -> Iterator[_Source]:
    listed = _git("ls-tree", "-r", "-z", "--full-name", revision, "--", path).decode(errors="replace")
    entries = [entry.partition("\t") for entry in listed.split("\0") if entry.endswith(SUFFIXES)]
    contents = _objects(about.split()[-1] for about, _, _ in entries)
    for (_, _, name), content in zip(entries, contents, strict=True):
        origin = f"{revision}:{name}"
        try:
            yield _Source(origin, content.decode())
        except UnicodeDecodeError as error:
            raise ManifestError(f"{origin}: cannot be read: {error}") from error


def _objects(ids: Iterable[str]) -> Iterator[bytes]:
    """The content of each, from one process for all, as a folder may hold ten thousand files."""
    answer = io.BytesIO(_git("cat-file", "--batch", given="".join(f"{id_}\n" for id_ in ids)))
    while header := answer.readline():
        yield answer.read(int(header.split()[-1]))
        answer.readline()


def _git(*arguments: str, given: str = "") -> bytes:
    try:
        return subprocess.run(["git", *arguments], input=given.encode(), capture_output=True, check=True).stdout
    except FileNotFoundError:
        raise ManifestError("--since needs git; install it, or leave the option out") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        raise ManifestError(
            f"--since: git says: {said}; run it in the repository, with a revision that this clone has"
        ) from error


def _manifests(sources: Iterable[_Source], namespace: str) -> dict[Key, Manifest]:
    found: dict[Key, Manifest] = {}
    problems: list[str] = []
    for source in sources:
        for document in _documents(source, problems):
            manifest = _manifest(document, source.origin, namespace, problems)
            if manifest is None:
                continue
            if manifest.key in found:
                first = found[manifest.key].origin
                problems.append(f"{source.origin}: {_named(document)} is in {first} already; keep one of them")
            found[manifest.key] = manifest
    if problems:
        raise ManifestError("\n".join(problems))
    return found


def _documents(source: _Source, problems: list[str]) -> Iterator[Mapping[str, Any]]:
    """Also those of a List; timestamps stay text, as in JSON."""
    try:
        documents = list(yaml.load_all(source.text, Loader=_Loader))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        problems.append(f"{source.origin}: this is not YAML: {' '.join(str(error).split())}")
        return
    for item in (item for document in documents for item in _items(document)):
        if isinstance(item, dict) and item.get("kind") in KINDS and item.get("apiVersion") == API_VERSION:
            yield item


def _items(document: object) -> list[object]:
    """Of a List, or the one document."""
    if not isinstance(document, dict) or document.get("kind") != "List":
        return [document]
    items = document.get("items")
    return items if isinstance(items, list) else []


def _manifest(body: Mapping[str, Any], origin: str, namespace: str, problems: list[str]) -> Manifest | None:
    metadata = body.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        problems.append(f"{origin}: {body['kind']}: metadata.name is missing; give it one")
        return None
    wrong = [*map(str, schema_of(body["kind"]).problems(body)), *_problems_of_name(metadata["name"])]
    problems += [f"{origin}: {_named(body)}: {problem}" for problem in wrong]
    if wrong:
        return None
    placed = {**metadata, "namespace": metadata.get("namespace") or namespace}
    return Manifest({**schema_of(body["kind"]).defaulted(body), "metadata": placed}, origin)


def _problems_of_name(name: str) -> Iterator[str]:
    """A name is a DNS subdomain (RFC 1123), which no schema of a CRD says."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        yield f"metadata.name: must be small letters, digits, '-' and '.', at most {_LONGEST_NAME}, as in jane-smith"


def _named(body: Mapping[str, Any]) -> str:
    return f"{body['kind']} {body['metadata']['name']}"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # the fast one, where there is libyaml
    """Dates are text here: the schema says what they mean."""


_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
