"""`snesgpt`: one command, each stage a subcommand."""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Sequence
from contextlib import suppress

import click

from snesgpt import commands, signals
from snesgpt.terminal import printable, say
from trainer.errors import InputError

# Command → module: the one named like a Python keyword has an underscore behind it.
COMMANDS = {module.name.rstrip("_"): module.name for module in pkgutil.iter_modules(commands.__path__)}
MAX_LINE = 1000
BAD_INPUT, BAD_USAGE, PIPE_CLOSED = 1, 2, 141


class Pipeline(click.Group):
    """Loads a subcommand's module only when it is asked for, so that `--help` is instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        if name != "train":  # a second thread only waits on matrices this small; read when numpy is imported
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        command: click.Command = importlib.import_module(f"snesgpt.commands.{COMMANDS[name]}").command
        return command


@click.command(cls=Pipeline, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(package_name="snes-gpt")
def cli() -> None:
    """Train a tiny GPT and compile it into a Super Nintendo cartridge."""


def run(arguments: Sequence[str]) -> int:
    """The exit status of `snesgpt` with these arguments. What is wrong is one line on stderr.

    Nothing else looks after failures: commands raise InputError, and let Ctrl-C and OSError pass.
    """
    try:
        with cli.make_context("snesgpt", list(arguments)) as context:
            cli.invoke(context)
        return 0
    except click.exceptions.Exit as finished:  # --help, --version, a command that is done early
        return finished.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return BAD_USAGE
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "snesgpt"
        return _complain(f"{error.format_message()} ({path} --help lists what there is)", BAD_USAGE)
    except (InputError, TimeoutError) as error:
        return _complain(str(error), BAD_INPUT)
    except KeyboardInterrupt as stop:
        return _complain(str(stop) or "interrupted", signals.status())
    except BrokenPipeError:
        _forget_stdout()
        return PIPE_CLOSED
    except OSError as error:
        _forget_stdout()
        return _complain(f"{error.filename or 'cannot write'}: {error.strerror or error}", BAD_INPUT)
    except MemoryError:
        return _complain("not enough memory for this", BAD_INPUT)
    except Exception:
        if not signals.has_come():
            raise
        return _complain("interrupted", signals.status())


def _complain(message: str, status: int) -> int:
    with suppress(OSError):  # stderr may be gone too: then the exit status is all that is left to say it
        line = printable(message).replace("\n", " ")
        say("snesgpt: " + (line if len(line) <= MAX_LINE else line[:MAX_LINE] + " …"), err=True)
    return status


def _forget_stdout() -> None:
    """Python flushes stdout once more as it exits: what could not be written would fail, and be said, again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
