"""A repository of Git: what people change in its folder is in it as soon as they commit."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_AUTHOR = ("-c", "user.name=Platform", "-c", "user.email=platform@example.com")


class Repository:
    """One repository, at one branch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = folder.as_uri()
        folder.mkdir(parents=True, exist_ok=True)
        self._git("init", "--quiet", "--initial-branch=main")

    def write(self, path: str, text: str) -> None:
        """A file as it shall be."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def remove(self, path: str) -> None:
        """A file, or a folder with all that is in it."""
        target = self.folder / path
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink()

    def commit(self, message: str) -> str:
        """Everything that was changed; returns the commit."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message)
        return self._head()

    def revert(self, commit: str) -> str:
        """Take a commit back by another one, which is returned."""
        self._git("revert", "--no-edit", commit)
        return self._head()

    def _head(self) -> str:
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.folder), *_AUTHOR, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
