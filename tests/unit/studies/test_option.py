"""The option and the argument that the verbs share, on a verb of a test's own."""

import typer
from typer.testing import CliRunner

from rankscope.studies.option import RunArgument, StudyOption

app = typer.Typer()


@app.command()
def say(run: RunArgument, study: StudyOption = None) -> None:
    """Say what was given."""
    typer.echo(f"{run} of {study}")


def test_a_study_is_given_or_left_to_the_config() -> None:
    runner = CliRunner()
    assert runner.invoke(app, ["lora-r4@0", "--study", "a.yaml"]).output == "lora-r4@0 of a.yaml\n"
    assert runner.invoke(app, ["lora-r4@0"]).output == "lora-r4@0 of None\n"


def test_a_run_has_to_be_named_and_help_says_how() -> None:
    runner = CliRunner()
    assert runner.invoke(app, []).exit_code == 2
    told = " ".join(runner.invoke(app, ["--help"]).output.split())
    assert "method@seed" in told
    assert "config.yaml" in told
