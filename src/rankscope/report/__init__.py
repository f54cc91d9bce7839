"""The report stage: tidy tables, claims with verdicts, figures, and one page.

Four verbs in a row, each on what the one before wrote: `tables` reads what the other stages left,
`claims` and `figures` read the tables, `page` reads all three.
"""

FIGURE_NAMES = (
    "rank-scaling",
    "by-rank",
    "categories",
    "fixed-total",
    "plane",
    "trajectories",
    "intruders",
    "similarity",
    "effective-rank",
    "singular-values",
    "loss",
)
