"""Logs carry no secret and no address, wherever in an event they hide, and every line is in the form asked for."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterator

import pytest

from cxone_operator.telemetry.logging import Streak, configure_logging, get_logger, redact

CANARY, ADDRESS = "canary-2718", "jane.smith@example.com"


@pytest.mark.parametrize(
    "event",
    [
        {"event": f"user {ADDRESS} created"},
        {"event": "x", "client_secret": CANARY},
        {"event": "x", "Authorization": f"Bearer {CANARY}"},
        {"event": "x", "details": {"token": CANARY, "users": [ADDRESS, (ADDRESS,)]}},
        {"event": "x", "error": ValueError(f"no user {ADDRESS}")},
        {"event": f"sent Authorization: Bearer {CANARY}"},
        {"event": "x", "headers": f"basic {CANARY}=="},
        {"event": "GET /Users?filter=userName%20eq%20%22jane.smith%40example.com%22"},
    ],
)
def test_redaction(event: dict[str, object]) -> None:
    """By the name of the key, or by the form of the value."""
    text = json.dumps(redact(None, "info", dict(event)))
    assert CANARY not in text
    assert ADDRESS not in text
    assert "smith" not in text


ODD = ["o'brien+x@example.com", "jürgen@bücher.example", "a!b#c$d%e^f*g@[10.0.0.1]", "x@y", "<jane@example.com>,"]


@pytest.mark.parametrize("address", ODD)
def test_every_address_that_the_crd_takes(address: str) -> None:
    """Nothing of it is left, and the sentence around it stays."""
    event = redact(None, "info", {"event": f"userName {address} is taken"})
    assert event == {"event": "userName [address] is taken"}


@pytest.fixture
def _restored_logging() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in (None, "kopf", "kopf.objects")]
    root, levels, hook = loggers[0], [logger.level for logger in loggers], sys.excepthook
    handlers = list(root.handlers)
    yield
    root.handlers[:] = handlers
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
    sys.excepthook = hook
    logging.captureWarnings(capture=False)


Written = Callable[[], str]


@pytest.fixture
def written(_restored_logging: None, capsys: pytest.CaptureFixture[str]) -> Written:
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
