"""The command line: one verb per stage, each a thin shell around the stage's function.

Guarantees: `--help` starts without torch or transformers; a `RankscopeError` ends with its message
and exit code 2, any other exception with its traceback and exit code 1, both also in the `--log`.
"""

import gc
import logging
import os
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from rankscope.artefacts.cli import verify
from rankscope.artefacts.disk import writing
from rankscope.audit.cli import inspect, repair
from rankscope.base.cli import app as base
from rankscope.check.cli import check
from rankscope.data.cli import app as data
from rankscope.errors import RankscopeError
from rankscope.evaluate.cli import app as evaluate
from rankscope.report.cli import app as report
from rankscope.spectra.cli import app as spectra
from rankscope.train.cli import train

# read by libraries when they are imported, which verbs do after this
ENVIRONMENT = {
    # jobs share cores: threads that wait must sleep, or a busy neighbour costs several times more
    "OMP_WAIT_POLICY": "PASSIVE",
    "TOKENIZERS_PARALLELISM": "false",
    # our own progress lines take the place of redrawn bars
    "TQDM_DISABLE": "1",
}

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Full fine-tuning or LoRA, and at which rank: what a model learns, forgets, and what"
    " happens inside its weights.",
)
app.command()(check)
app.add_typer(data, name="data")
app.add_typer(base, name="base")
app.command()(train)
app.add_typer(evaluate, name="evaluate")
app.add_typer(spectra, name="spectra")
app.add_typer(report, name="report")
app.command()(inspect)
app.command()(repair)
app.command()(verify)


def _version(asked: bool) -> None:
    """Print the version and stop."""
    if asked:
        from importlib.metadata import version

        typer.echo(f"rankscope {version('rankscope')}")
        raise typer.Exit


@app.callback()
def configure(
    log: Annotated[
        Path | None, typer.Option(help="Also write the log to this file.", metavar="FILE")
    ] = None,
    version: Annotated[  # noqa: ARG001  acted on by its callback
        bool,
        typer.Option(
            "--version", help="Print the version and stop.", callback=_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Set up logging before the verb runs: progress to the terminal, everything to the log."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if log is not None:
        with writing(log):
            log.parent.mkdir(parents=True, exist_ok=True)
            handlers.append(logging.FileHandler(log, mode="w", encoding="utf-8"))
    logging.basicConfig(
        level=logging.WARNING,
        format="%(asctime)s %(message)s",
        datefmt="%H:%M:%S",
        handlers=handlers,
    )
    logging.getLogger("rankscope").setLevel(logging.INFO)
    # of libraries about libraries: nothing a user of rankscope could act on
    warnings.simplefilter("ignore", FutureWarning)
    logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
    for variable, value in ENVIRONMENT.items():
        os.environ.setdefault(variable, value)


def main() -> None:
    """Run the command line."""
    logger = logging.getLogger("rankscope")
    # importing torch and transformers makes millions of objects that stay: looking through them for
    # garbage meanwhile is a sixth of the start-up; `started_up` lets the collector go on
    gc.disable()
    try:
        app()
    except RankscopeError as error:
        if not logging.getLogger().handlers:
            logging.basicConfig(format="%(message)s")
        logger.error("error: %s", error)
        sys.exit(2)
    except Exception:
        logger.exception("this is a defect of rankscope, not of your input")
        sys.exit(1)
