"""A Dockerfile as a list of instructions, and a way to carry out those of its first stage without a container."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Instruction:
    """One instruction, its continued lines joined."""

    name: str
    value: str


def stages(text: str) -> list[list[Instruction]]:
    """What follows each FROM, the FROM included; what comes before the first is left out."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found: list[list[Instruction]] = []
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, value = line.partition(" ")
        if name == "FROM":
            found.append([])
        if found:
            found[-1].append(Instruction(name, " ".join(value.split())))
    return found


def python_like(base: str) -> str:
    """The Python that the name of an image promises, where this machine has it; else the one that runs us."""
    version = re.search(r"python:(\d+\.\d+)", base)
    found = shutil.which(f"python{version[1]}") if version else None
    runs = found is not None and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0
    return found if found is not None and runs else sys.executable


def carry_out(stage: list[Instruction], context: Path, root: Path, python: str) -> None:
    """COPY, WORKDIR and RUN as they stand, with the absolute paths of the image below `root`; so are secrets."""
    directory = root
    _offer(python, root / "programs")
    for instruction in stage:
        match instruction.name:
            case "WORKDIR":
                directory = root / instruction.value.lstrip("/")
                directory.mkdir(parents=True, exist_ok=True)
            case "COPY":
                *sources, target = instruction.value.split()
                for source in sources:
                    _copy(context / source, directory / target)
            case "RUN":
                _run(instruction.value, directory, root)


def _offer(python: str, programs: Path) -> None:
    """As `python`, before whatever else has that name."""
    programs.mkdir(parents=True, exist_ok=True)
    (programs / "python").unlink(missing_ok=True)
    (programs / "python").symlink_to(python)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy2(source, target)


def _run(command: str, directory: Path, root: Path) -> None:
    """The secrets that a --mount gives are optional, as they are for the builder."""
    command = re.sub(r"--mount=\S+ ", "", command)
    command = re.sub(r"(?<![\w.-])/(build|opt|run/secrets)\b", rf"{root}/\1", command)
    path = f"{root / 'programs'}{os.pathsep}{os.environ['PATH']}"
    answer = subprocess.run(
        ["sh", "-euc", command],
        cwd=directory,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, f"{command}\n{answer.stdout[-2000:]}\n{answer.stderr[-4000:]}"
