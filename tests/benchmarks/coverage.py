"""How often 95 % intervals hold the truth: 2,000 simulated studies of each kind (some 10 minutes).

`python tests/benchmarks/coverage.py [STUDIES]`. The suite takes fewer of the same, see
tests/unit/report/chapters/test_coverage.py.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from rankscope.report.chapters.tradeoff import forgetting
from simulated_studies import Truth, decided, held


def main(studies: int) -> None:
    print("seeds × seed spread (in item errors): share of intervals that hold a truth of 0")
    for seeds in (2, 3, 5):
        shares = [held(Truth(seeds, s), forgetting.forgets_less, studies) for s in (0, 1.1, 5)]
        print(f"{seeds} seeds: {', '.join(f'{share:.3f}' for share in shares)}", flush=True)
    print("the same where full fine-tuning spreads three times as much as four ranks")
    for seeds in (2, 3, 5):
        found = [Truth(seeds, s, wider=3.0) for s in (1.1, 5)]
        shares = [held(truth, forgetting.forgets_less, studies) for truth in found]
        print(f"{seeds} seeds: {', '.join(f'{share:.3f}' for share in shares)}", flush=True)
    print("share of verdicts on an order by rank where there is none")
    for seeds in (2, 3, 5):
        share = decided(Truth(seeds, 5), forgetting.grows_with_rank, studies)
        print(f"{seeds} seeds: {share:.3f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "studies", nargs="?", type=int, default=2000, help="simulated studies of each kind"
    )
    main(parser.parse_args().studies)
