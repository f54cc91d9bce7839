"""Checks of the room for prompts: the template fits, and training and answering agree.

Guarantees: exact where the base's tokenizer is on this machine and there is any doubt; before that
a template has at least as many tokens as words.
"""

from collections.abc import Iterator
from pathlib import Path

from rankscope.artefacts import layout
from rankscope.check.shapes import base_folder
from rankscope.check.subject import Subject
from rankscope.errors import ModelError
from rankscope.records.bases import BlankBase
from rankscope.records.evaluations import Generate
from rankscope.records.instructions import Mixture, TemplateName
from rankscope.studies.source import Mistake

SPECIAL_TOKENS = 2
"""Most tokens that a tokenizer puts around a text."""


def templates(subject: Subject) -> Iterator[Mistake]:
    """Something of the definition or the input has room beside the template."""
    taken: dict[TemplateName, int] = {}
    for place, run in subject.one_run_per_block_and_rank():
        if not isinstance(run.data, Mixture):
            continue
        answer, template = run.data.answer_tokens, run.data.template
        room = run.recipe.sequence_length - answer
        # no room at all is for `grid.lengths` to say
        if room > 0 and room <= _taken(subject, template, room, taken):
            yield Mistake(
                subject.recipe_key(place, "sequence_length"),
                f"{run.recipe.sequence_length} tokens leave {room} for prompts beside the"
                f" `answer_tokens: {answer}` of {subject.label(run.data)}, and the template"
                f" {template} alone takes {taken[template]}; allowed: more than"
                f" {answer + taken[template]}",
            )
    for place, evaluation in subject.evaluations():
        if not isinstance(evaluation, Generate):
            continue
        room, template = evaluation.prompt_tokens, evaluation.data.template
        if room <= _taken(subject, template, room, taken):
            yield Mistake(
                (*place, "prompt_tokens"),
                f"the template {template} alone takes {taken[template]} of the {room} tokens;"
                f" allowed: more than {taken[template]}",
            )


def prompt_lengths(subject: Subject) -> list[str]:
    """Note the evaluations that cut prompts elsewhere than training does."""
    trained = {
        run.recipe.sequence_length - run.data.answer_tokens
        for run in subject.study.runs
        if isinstance(run.data, Mixture)
    }
    return [
        subject.note(
            (*place, "prompt_tokens"),
            f"prompts are cut to {evaluation.prompt_tokens} tokens here, and in training to"
            f" {' or '.join(map(str, sorted(trained)))} (sequence_length − answer_tokens)",
        )
        for place, evaluation in subject.evaluations()
        if isinstance(evaluation, Generate) and trained - {evaluation.prompt_tokens}
    ]


def _taken(
    subject: Subject, template: TemplateName, room: int, known: dict[TemplateName, int]
) -> int:
    """Return the least number of tokens that a template takes; exact if it could exceed `room`."""
    from rankscope.text.prompts import render

    prompt = render(template, "", "").shortened(0, 0)
    # a token has at least one byte, so that most lengths need no tokenizer
    if room > len(str(prompt).encode()) + SPECIAL_TOKENS:
        return 0
    if template not in known:
        known[template] = max(len(str(prompt).split()), _exact(subject, template))
    return known[template]


def _exact(subject: Subject, template: TemplateName) -> int:
    """Count a template's tokens; 0 where the base is not there yet."""
    from rankscope.text.encoding import Limits, load_prompt_encoder
    from rankscope.text.prompts import render

    root = subject.study.base.root
    made = Path(layout.base_model(root.name)) if isinstance(root, BlankBase) else None
    folder = made or base_folder(root)
    if folder is None or not (folder / "tokenizer.json").is_file():
        return 0
    try:
        encoder = load_prompt_encoder(folder, Limits(source=1 << 20))
    except ModelError:
        return 0  # for the base's checks to say
    return len(encoder.encode_prompt(render(template, "", "").shortened(0, 0)).input_ids)
