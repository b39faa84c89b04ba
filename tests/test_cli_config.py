"""Settings are said once: defaults, then the environment, then flags."""

from __future__ import annotations

from dataclasses import fields

import pytest

from xrserver import cli
from xrserver.config import Config, from_environment, parse
from xrserver.errors import UsageError


def chosen(monkeypatch: pytest.MonkeyPatch, *arguments: str, **environ: str) -> Config:
    for name in fields(Config):
        monkeypatch.delenv(f"XRSERVER_{name.name.upper()}", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return cli._config(cli._parser().parse_args(["serve", *arguments]))


def test_without_arguments_every_setting_is_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen(monkeypatch) == Config()


def test_a_flag_wins_over_the_environment_and_that_over_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen(monkeypatch, XRSERVER_PORT="1234").port == 1234
    assert chosen(monkeypatch, "--port", "99", XRSERVER_PORT="1234").port == 99
    assert chosen(monkeypatch, XRSERVER_TOKEN="no").token is False
    assert chosen(monkeypatch, "--no-token").token is False
    assert chosen(monkeypatch, "--open").open is True
    assert chosen(monkeypatch, "--ref", "v1", "--scene", "city").ref == "v1"


def test_every_setting_parses_what_its_default_prints() -> None:
    for setting in fields(Config):
        if setting.metadata["flag"]:
            text = ",".join(setting.default) if isinstance(setting.default, tuple) else str(setting.default)
            assert parse(setting.name, text, "here") == setting.default
            assert from_environment(Config(), {f"XRSERVER_{setting.name.upper()}": text}) == Config()


@pytest.mark.parametrize(("setting", "value"), [("port", "x"), ("port", "1.5"), ("token", "maybe"),
                                                ("resume_seconds", "soon"), ("jobs", "")])
def test_a_value_that_does_not_parse_is_said_with_its_place(setting: str, value: str) -> None:
    with pytest.raises(UsageError, match="XRSERVER_X"):
        parse(setting, value, "XRSERVER_X")
