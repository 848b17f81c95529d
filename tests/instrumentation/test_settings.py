"""Settings: from Django, else from the environment, else as documented."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from timesplit_django import settings

Override = Callable[..., None]


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("TIMESPLIT_SPANS", "some", "must be one of none, interesting, all"),
        ("TIMESPLIT_SPAN_LIMIT", "many", "must be a whole number"),
        ("TIMESPLIT_SPAN_LIMIT", -1, "must not be negative"),
        ("TIMESPLIT_SPAN_LIMIT", math.inf, "must be a whole number"),
        ("TIMESPLIT_SAMPLE_EVERY", 1.5, "must be a whole number"),
        ("TIMESPLIT_SAMPLE_EVERY", True, "must be a whole number"),
        ("TIMESPLIT_ENABLED", "perhaps", "must be true or false"),
        ("TIMESPLIT_SERVER_TIMING", "some", "must be one of off, staff, all"),
        ("TIMESPLIT_COMMANDS", 5, "must be a list of names"),
        ("TIMESPLIT_OVERHEAD_BUDGET", "little", "must be a number"),
        ("TIMESPLIT_OVERHEAD_BUDGET", 200, "must be from 0 to 100"),
        ("TIMESPLIT_OVERHEAD_BUDGET", "-1", "must be from 0 to 100"),
        ("TIMESPLIT_OVERHEAD_BUDGET", "nan", "must be from 0 to 100"),
        ("TIMESPLIT_OVERHEAD_BUDGET", False, "must be a number"),
        ("TIMESPLIT_SPAN", 5, "TIMESPLIT_SPAN is not a setting of timesplit_django; is TIMESPLIT_"),
        ("TIMESPLIT_COLOUR", 5, "TIMESPLIT_COLOUR is not a setting of timesplit_django; is it mis"),
    ],
)
def test_what_cannot_be_used_is_said_and_left_out(
    settings_of_package: Override,
    caplog: pytest.LogCaptureFixture,
    name: str,
    value: object,
    complaint: str,
) -> None:
    settings_of_package(**{name: value})
    assert settings.current() == settings.Settings()
    assert complaint in caplog.text
    assert any(complaint in problem for problem in settings.problems())


def test_environment(settings_of_package: Override, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMESPLIT_SPANS", "none")
    monkeypatch.setenv("TIMESPLIT_PROPAGATE", "off")
    settings_of_package()
    assert settings.current().spans == "none"
    assert settings.current().propagate is False


def test_misspelt_variable_is_said_once_with_the_name_that_is_meant(
    settings_of_package: Override,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TIMESPLIT_SAMPLE_EVRY", "7")
    settings_of_package()
    assert settings.current() is settings.current()
    [said] = [record.message for record in caplog.records]
    assert said == (
        "TIMESPLIT_SAMPLE_EVRY is not a setting of timesplit_django; "
        "is TIMESPLIT_SAMPLE_EVERY meant?"
    )
    assert settings.problems() == [said]


@pytest.mark.parametrize(
    "name",
    ["TIMESPLIT_DATABASE", "TIMESPLIT_KEEP_REQUESTS", "TIMESPLIT_SERVICE_PORT", "TIMESPLIT_"],
)
def test_variable_of_the_collector_or_of_somebody_else_is_left_alone(
    settings_of_package: Override, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1")
    settings_of_package()
    assert settings.problems() == []


def test_django_comes_before_the_environment(
    settings_of_package: Override, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMESPLIT_SPANS", "none")
    settings_of_package(TIMESPLIT_SPANS="all")
    assert settings.current().spans == "all"
