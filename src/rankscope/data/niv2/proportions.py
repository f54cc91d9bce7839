"""Category proportions asked for and obtained, as a table and as a page.

Guarantees: asked is size × available / total for each category, exactly as the sampling uses it;
obtained is counted from the drawn rows, not from the plan.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape

import polars as pl

from rankscope.data.niv2.sampling import Draw, TaskPool

SCHEMA = pl.Schema(
    {
        "category": pl.String,
        "available_tasks": pl.Int64,
        "share": pl.Float64,
        "asked_tasks": pl.Float64,
        "obtained_tasks": pl.Int64,
        "asked_examples": pl.Float64,
        "obtained_examples": pl.Int64,
    }
)


def proportions(
    pools: Iterable[TaskPool], draws: Iterable[Draw], size: int, examples_per_task: int
) -> pl.DataFrame:
    """Tabulate a mixture of `size` tasks: one row per category of the collection."""
    available = Counter(pool.category for pool in pools)
    total = sum(available.values())
    examples: Counter[str] = Counter()
    tasks: dict[str, str] = {}
    for draw in draws:
        examples[draw.category] += 1
        tasks[draw.task] = draw.category
    obtained = Counter(tasks.values())
    rows = [
        {
            "category": category,
            "available_tasks": count,
            "share": count / total,
            "asked_tasks": size * count / total,
            "obtained_tasks": obtained[category],
            "asked_examples": size * count / total * examples_per_task,
            "obtained_examples": examples[category],
        }
        for category, count in sorted(available.items(), key=lambda entry: (-entry[1], entry[0]))
    ]
    return pl.DataFrame(rows, schema=SCHEMA)


STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } th, td { padding: .2rem .6rem; text-align: right }
th:first-child, td:first-child { text-align: left } tr:nth-child(even) { background: #f4f4f4 }
th { border-bottom: 1px solid #888 } .bar { background: #4477aa; height: .7rem }
@media (prefers-color-scheme: dark) {
  body { background: #181818; color: #ddd } tr:nth-child(even) { background: #242424 } }
"""


def proportions_page(title: str, notes: Mapping[str, object], table: pl.DataFrame) -> str:
    """Render the table as a page of its own; `notes` are facts shown above it."""
    facts = "".join(f"<li>{escape(k)}: {escape(str(v))}</li>" for k, v in notes.items())
    widest = table["asked_tasks"].max() or 1.0
    body = "".join(_row(row, float(str(widest))) for row in table.iter_rows(named=True))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1><ul>{facts}</ul><table><thead><tr>"
        "<th>Category</th><th>Tasks available</th><th>Share</th><th>Tasks asked for</th>"
        "<th>obtained</th><th>Examples asked for</th><th>obtained</th><th></th>"
        f"</tr></thead><tbody>{body}</tbody></table></body></html>\n"
    )


def _row(row: dict[str, object], widest: float) -> str:
    asked = float(str(row["asked_tasks"]))
    cells = (
        escape(str(row["category"])),
        str(row["available_tasks"]),
        f"{float(str(row['share'])):.1%}",
        f"{asked:.2f}",
        str(row["obtained_tasks"]),
        f"{float(str(row['asked_examples'])):.0f}",
        str(row["obtained_examples"]),
        f'<div class="bar" style="width:{8 * asked / widest:.2f}rem"></div>',
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
