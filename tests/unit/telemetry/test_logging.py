"""Every line is in the form asked for, and none is written twice or for nothing."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Callable

import pytest

from cxone_operator.telemetry.logging import Streak, configure_logging, get_logger

CANARY, ADDRESS = "canary-2718", "jane.smith@example.com"


Written = Callable[[], str]


@pytest.fixture
def written(restored_logging: None, capsys: pytest.CaptureFixture[str]) -> Written:
    """What went to standard error since it was asked last."""
    return lambda: capsys.readouterr().err


@pytest.mark.parametrize("form", ["json", "console"])
def test_both_forms_go_through_the_same_pipeline(form: str, written: Written) -> None:
    """Our own loggers, those of libraries, and warnings."""
    configure_logging(form, "info")  # type: ignore[arg-type]
    get_logger("ours").info("created", who=ADDRESS, secret=CANARY, count=3)
    logging.getLogger("theirs").warning("refused %s", ADDRESS)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"{ADDRESS} is old", stacklevel=1)
    text = written()
    for word in ("created", "refused", "is old"):
        assert word in text
    assert ADDRESS not in text
    assert CANARY not in text


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_variables(form: str, written: Written) -> None:
    """Whether it was logged, or ends the process."""
    configure_logging(form, "info")  # type: ignore[arg-type]
    try:
        password = f"{CANARY}!"
        raise ValueError(f"{len(password)} characters for {ADDRESS}")
    except ValueError as error:
        get_logger("ours").exception("failed")
        sys.excepthook(type(error), error, error.__traceback__)
    text = written()
    assert text.count("ValueError: 12 characters for [address]") == 2
    assert "crashed" in text
    assert CANARY not in text.replace('f"{CANARY}!"', "")


def test_json_is_one_line_each(written: Written) -> None:
    """Also for an exception."""
    configure_logging("json", "info")
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        get_logger("ours").exception("failed")
    (line,) = written().splitlines()
    assert json.loads(line)["event"] == "failed"


@pytest.mark.parametrize(("level", "expected"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_levels(level: str, expected: int, written: Written) -> None:
    """Each with those above it."""
    configure_logging("json", level)
    log = get_logger("ours")
    for tell in (log.debug, log.info, log.warning, log.error):
        tell("said")
    assert len(written().splitlines()) == expected


@pytest.mark.parametrize(("level", "expected"), [("debug", ["info"]), ("warning", []), ("error", [])])
def test_kopf_speaks_of_trouble_only(level: str, expected: list[str], written: Written) -> None:
    """It has a line for each event otherwise, and never says more than was asked for."""
    configure_logging("json", level)
    logging.getLogger("kopf.objects").info("handled")
    logging.getLogger("other").info("info")
    logging.getLogger("kopf").warning("odd")
    told = [json.loads(line)["event"] for line in written().splitlines()]
    assert told == [*expected, *(["odd"] if level != "error" else [])]


def test_a_streak_is_told_at_both_ends(written: Written) -> None:
    """Each attempt in between at debug only."""
    configure_logging("json", "info")
    streak = Streak(get_logger("ours"), "lost", "found")
    for step in (streak.ended, streak.failed, streak.failed, streak.failed, streak.ended, streak.ended, streak.failed):
        step(where="here")
    told = [json.loads(line) for line in written().splitlines()]
    assert [(line["level"], line["event"]) for line in told] == [
        ("warning", "lost"),
        ("info", "found"),
        ("warning", "lost"),
    ]
