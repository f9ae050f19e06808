"""What is wrong with a command of this repository, in a line: `python -m publish` and `python -m rtl`."""

from __future__ import annotations

import click

from trainer.errors import InputError


class OneLineErrors(click.Group):
    """What is wrong is one line on stderr, and the exit status is 1."""

    def invoke(self, ctx: click.Context) -> None:
        try:
            super().invoke(ctx)
        except (InputError, TimeoutError) as error:
            raise click.ClickException(str(error)) from error
        except BrokenPipeError:  # click knows what to do
            raise
        except OSError as error:
            raise click.ClickException(f"{error.filename or 'cannot write'}: {error.strerror or error}") from error
