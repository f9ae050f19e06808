"""docs/cli.md is the help of today's commands."""

from __future__ import annotations

from scripts import cli_reference


def test_the_page_is_what_help_prints() -> None:
    assert cli_reference.PAGE.read_text() == cli_reference.page(), "run `make figures`"
