"""From an instance to the text a model sees.

Guarantees: `tk-instruct` is the definition-only prompt of Tk-Instruct, character for character (its
`ni_collator.py`), the rule for closing full stops included; `alpaca` is the template of Stanford
Alpaca with input. Not here: truncation and tokens (`encoding`).
"""

import string
from dataclasses import dataclass, replace

from rankscope.records.instructions import TemplateName


@dataclass(frozen=True, slots=True)
class Prompt:
    """A rendered prompt in its parts; only `definition` and `text` may ever be shortened."""

    before: str
    definition: str
    between: str
    text: str
    cue: str

    def __str__(self) -> str:
        """Join the parts."""
        return self.before + self.definition + self.between + self.text + self.cue

    def shortened(self, definition: int, text: int) -> "Prompt":
        """Keep the first `definition` and `text` characters of the two."""
        return replace(self, definition=self.definition[:definition], text=self.text[:text])


def render(template: TemplateName, definition: str, text: str) -> Prompt:
    """Render one instance. The answer follows directly upon the prompt."""
    if template == "tk-instruct":
        return Prompt(
            before="Definition: ",
            definition=_closed(definition),
            between="\n\nNow complete the following example -\nInput: ",
            text=_closed(text),
            cue="\nOutput: ",
        )
    return Prompt(
        before="Below is an instruction that describes a task, paired with an input that provides"
        " further context. Write a response that appropriately completes the request.\n\n"
        "### Instruction:\n",
        definition=definition.strip(),
        between="\n\n### Input:\n",
        text=text.strip(),
        cue="\n\n### Response:\n",
    )


def _closed(text: str) -> str:
    """Strip, and add a full stop unless the last character is ASCII punctuation."""
    stripped = text.strip()
    return stripped if stripped and stripped[-1] in string.punctuation else f"{stripped}."
