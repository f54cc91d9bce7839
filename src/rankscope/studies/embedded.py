"""The embedded base, as a study file writes it: a small decoder that is pre-trained here.

It is what a full run on a blank base leads to; `unfolded` says which. It does not aim at a good
model, but at one that has learned enough English to have something to forget.
"""

from typing import Annotated, Literal

from pydantic import Field

from rankscope.records.bases import BlankBase
from rankscope.records.data import DocumentSpec
from rankscope.records.labels import ByLabel
from rankscope.records.methods import FullFineTuning
from rankscope.records.optimizers import AdamW
from rankscope.records.recipes import Recipe
from rankscope.records.record import LARGEST, Positive, Seed, Spec
from rankscope.records.runs import MergedBase, Run
from rankscope.records.schedules import Cosine

# wider than the usual 0.02, which is meant for wider models: a lower loss in the first steps
INITIALIZER_RANGE = 0.05


class EmbeddedBase(Spec):
    """A small Llama-architecture decoder with its own byte-level BPE, pre-trained here."""

    source: Literal["embedded"]
    corpus: Annotated[DocumentSpec, ByLabel()]
    vocabulary_size: Annotated[int, Field(ge=257, le=10_000_000)] = Field(
        1024, description="tokens of its byte-level BPE"
    )
    hidden_size: Annotated[Positive, Field(le=65_536)] = 128
    layers: Annotated[Positive, Field(le=1_024)] = 4
    heads: Annotated[Positive, Field(le=1_024)] = 4
    intermediate_size: Annotated[Positive, Field(le=1_048_576)] = 344
    context_length: Annotated[int, Field(ge=8, le=LARGEST)] = 128
    steps: Positive = 800
    batch_size: Annotated[Positive, Field(le=1_000_000)] = 4
    learning_rate: Annotated[float, Field(gt=0)] = 2.0e-3
    seed: Seed = 0

    def unfolded(self) -> MergedBase:
        """Return the base that this stands for: the end of a run on a blank one."""
        blank = BlankBase(
            corpus=self.corpus,
            vocabulary_size=self.vocabulary_size,
            hidden_size=self.hidden_size,
            layers=self.layers,
            heads=self.heads,
            intermediate_size=self.intermediate_size,
            context_length=self.context_length,
            initializer_range=INITIALIZER_RANGE,
            seed=self.seed,
        )
        recipe = Recipe(
            learning_rate=self.learning_rate,
            steps=self.steps,
            batch_size=self.batch_size,
            sequence_length=self.context_length,
            optimizer=AdamW(betas=(0.9, 0.95)),
            weight_decay=0.1,
            schedule=Cosine(),
            warmup_fraction=0.05,
            max_gradient_norm=1.0,
            keep=(1.0,),
        )
        run = Run(
            base=blank, data=self.corpus, method=FullFineTuning(), recipe=recipe, seed=self.seed
        )
        return MergedBase(run=run)
