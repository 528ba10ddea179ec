"""Logs carry no secret and no address, wherever in an event they hide."""

from __future__ import annotations

import io
import json
import logging

import pytest

from cxone_operator.telemetry.logging import configure_logging, get_logger, redact

CANARY, ADDRESS = "canary-2718", "jane.smith@example.com"


@pytest.mark.parametrize(
    "event",
    [
        {"event": f"user {ADDRESS} created"},
        {"event": "x", "client_secret": CANARY},
        {"event": "x", "Authorization": f"Bearer {CANARY}"},
        {"event": "x", "details": {"token": CANARY, "users": [ADDRESS, (ADDRESS,)]}},
        {"event": "x", "error": ValueError(f"no user {ADDRESS}")},
    ],
)
def test_redaction(event: dict[str, object]) -> None:
    """By the name of the key, or by the form of the value."""
    text = json.dumps(redact(None, "info", dict(event)))
    assert CANARY not in text
    assert ADDRESS not in text


@pytest.fixture
def _restored_logging() -> object:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("_restored_logging")
@pytest.mark.parametrize("form", ["json", "console"])
def test_both_forms_go_through_the_same_pipeline(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own loggers, and those of libraries."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    configure_logging(form, "info")  # type: ignore[arg-type]
    get_logger("ours").info("created", who=ADDRESS, secret=CANARY, count=3)
    logging.getLogger("theirs").warning("refused %s", ADDRESS)
    text = stream.getvalue()
    assert "created" in text
    assert "refused" in text
    assert ADDRESS not in text
    assert CANARY not in text
