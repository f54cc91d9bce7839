"""Claims about the update ΔW: its effective rank, and its rank for 90 % of the variance."""

import math
import re
from collections.abc import Iterator

import numpy as np
import polars as pl

from rankscope.report.evidence.evidence import Condition
from rankscope.report.evidence.matrix_statistics import (
    matrices_of,
    matrix_names,
    matrix_values,
    of_each_matrix,
    over_matrices,
    weighted_median,
)
from rankscope.report.evidence.resampling import Floats, spearman_draws, unit_counts
from rankscope.report.verdicts import papers
from rankscope.report.verdicts.subject import Subject
from rankscope.report.verdicts.verdict import (
    MINIMUM_FOR_AN_ORDER,
    Claim,
    Verdict,
    bound_out_of_reach,
    judge,
    not_measured,
    order_out_of_reach,
)

TYPICAL_RANK = 16

HIGH_RANK = Claim(
    id="H2.9",
    source=papers.LEARNS_LESS,
    statement="Full fine-tuning makes updates of high rank",
    statistic=f"median rank for 90 % of the variance of ΔW ÷ a typical LoRA rank ({TYPICAL_RANK})",
    unit="ratio",
    threshold=10.0,
    side="above",
    paper="10 to 100 times typical LoRA ranks",
)
RANK_GROWS = Claim(
    id="H2.10",
    source=papers.LEARNS_LESS,
    statement="The rank of a full update grows with training",
    statistic="Spearman's ρ of step and median rank for 90 % of the variance",
    unit="ρ",
    threshold=0.0,
    side="above",
    paper="yes (figure 6)",
)
MLP_ABOVE_ATTENTION = Claim(
    id="H2.10",
    source=papers.LEARNS_LESS,
    statement="Full updates of MLP matrices have higher rank than those of attention",
    statistic="difference of mean rank for 90 % of the variance ÷ that of noise of the same shape",
    unit="ratio",
    threshold=0.0,
    side="above",
    paper="yes (figure 6)",
)
EFFECTIVE_RANK = Claim(
    id="H3.4",
    source=papers.ILLUSION,
    statement="Full updates have a higher effective rank than LoRA's, at every rank",
    statistic="share of matrices in which effective rank(Full) > effective rank(LoRA)",
    unit="share",
    threshold=0.5,
    side="above",
    paper="Full > 400, r=768 100–300 (of 768)",
)
STEPS_TO_COMPARE = 2
VARIANCE = 0.9
ATTENTION = re.compile(r"(^|[._])(q|k|v|o|qkv|query|key|value|c_attn|attn)(_|$|\.)|attention")


def high_rank(subject: Subject) -> Iterator[Verdict]:
    """H2.9, after the last step."""
    full = subject.full
    steps = subject.spectral_steps(full) if full else ()
    if full is None or not steps:
        yield not_measured(HIGH_RANK, "Full", "needs the spectra of full fine-tuning")
        return
    evidence = subject.evidence
    rank90 = matrix_values(evidence, full, "rank90", steps[-1])
    of_noise = matrix_values(evidence, full, "rank90_of_noise", steps[-1])
    median = over_matrices(evidence, rank90, full, weighted_median)
    shapes = matrices_of(evidence, full, steps[-1]).unique("matrix")
    sides = shapes.select(pl.min_horizontal("rows", "columns")).to_series().to_numpy()
    # equal singular values reach 90 % of the variance last
    most = float(np.median(np.ceil(VARIANCE * sides)))
    note = (
        f"median rank {median[0]:.0f}, {np.median(of_noise):.2f} of what Gaussian noise of"
        " the same shape needs"
    )
    needed = math.ceil(HIGH_RANK.threshold * TYPICAL_RANK / VARIANCE)
    limit = bound_out_of_reach(
        HIGH_RANK,
        most / TYPICAL_RANK,
        f"matrices of this size (rank for 90 % ≤ {most:g}) allow at most {most / TYPICAL_RANK:g};"
        f" needs a model whose matrices are larger than {needed}",
    )
    sample = subject.matrices(rank90.shape[1], full)
    yield judge(HIGH_RANK, "Full", median / TYPICAL_RANK, sample, note, limit)


def rank_grows(subject: Subject) -> Iterator[Verdict]:
    """H2.10, growth over the kept steps."""
    full = subject.full
    steps = subject.spectral_steps(full) if full else ()
    if full is None or len(steps) < STEPS_TO_COMPARE:
        why = f"needs the spectra of full fine-tuning at {MINIMUM_FOR_AN_ORDER} or more steps"
        yield not_measured(RANK_GROWS, "Full", why)
        return
    evidence = subject.evidence
    of_steps = [matrix_values(evidence, full, "rank90", step) for step in steps]
    medians = [over_matrices(evidence, values, full, weighted_median) for values in of_steps]
    yield judge(
        RANK_GROWS,
        "Full",
        spearman_draws(np.array(steps, dtype=np.float64), np.column_stack(medians)),
        subject.matrices(min(values.shape[1] for values in of_steps), full),
        f"{len(steps)} kept steps; medians {', '.join(f'{m[0]:.0f}' for m in medians)}",
        order_out_of_reach(len(steps), "steps"),
    )


def mlp_above_attention(subject: Subject) -> Iterator[Verdict]:
    """H2.10, module types, after the last step; relative to noise since shapes differ."""
    full = subject.full
    steps = subject.spectral_steps(full) if full else ()
    if full is None or not steps:
        yield not_measured(MLP_ABOVE_ATTENTION, "Full", "needs the spectra of full fine-tuning")
        return
    evidence = subject.evidence
    relative = matrix_values(evidence, full, "rank90_of_noise", steps[-1])
    attention = is_attention(subject, full, steps[-1])
    if attention.all() or not attention.any():
        yield not_measured(MLP_ABOVE_ATTENTION, "Full", "needs both kinds of matrices")
        return

    def difference(values: Floats, counts: Floats) -> Floats:
        of_mlp, of_attention = counts[:, ~attention], counts[:, attention]
        mlp = of_mlp @ values[~attention] / of_mlp.sum(axis=1)
        return np.asarray(mlp - of_attention @ values[attention] / of_attention.sum(axis=1))

    yield judge(
        MLP_ABOVE_ATTENTION,
        "Full",
        over_matrices(evidence, relative, full, difference),
        subject.matrices(relative.shape[1], full),
        f"{(~attention).sum()} MLP and {attention.sum()} attention matrices",
    )


def is_attention(
    subject: Subject, condition: Condition, step: int
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Whether each matrix of a condition (sorted by name) is attention's, by its module type."""
    rows = matrices_of(subject.evidence, condition, step)
    types = rows.select("matrix", "module_type").unique().sort("matrix")
    return np.array([bool(ATTENTION.search(name)) for name in types["module_type"]])


def effective_rank(subject: Subject) -> Iterator[Verdict]:
    """H3.4, for every rank, after the last common step, on the matrices that both changed."""
    full = subject.full
    steps = subject.spectral_steps(full, *subject.loras) if full else ()
    if full is None or not subject.loras or not steps:
        yield not_measured(EFFECTIVE_RANK, "all ranks", "needs the spectra of Full and of LoRA")
        return
    for lora in subject.loras:
        yield _effective_ranks(subject, full, lora, steps[-1]).about(lora)


def _effective_ranks(subject: Subject, full: Condition, lora: Condition, step: int) -> Verdict:
    evidence = subject.evidence
    both = set(matrix_names(evidence, full, step)) & set(matrix_names(evidence, lora, step))
    if not both:
        why = "needs a matrix that both changed"
        return not_measured(EFFECTIVE_RANK, lora.method, why)
    drawn_full, drawn_lora = (
        of_each_matrix(evidence, each, "effective_rank", step)[
            :, [name in both for name in matrix_names(evidence, each, step)]
        ]
        for each in (full, lora)
    )
    of_full, of_lora = drawn_full[0], drawn_lora[0]
    counts = unit_counts(len(both), "matrices")
    share = (counts * (drawn_full > drawn_lora)).sum(axis=1) / counts.sum(axis=1)
    low = int((lora.rank or 0) < of_full.min())
    bound = f"LoRA's cannot exceed {lora.rank}" + (": true by construction" if low else "")
    return judge(
        EFFECTIVE_RANK,
        lora.method,
        share,
        subject.matrices(len(both), full, lora),
        f"medians {np.median(of_full):.1f} and {np.median(of_lora):.1f}; {bound}",
    )
