"""When a plan of the built-in model is unsure. ``python -m netassist.nano.confidence CASES.jsonl`` finds out.

A plan's confidence is its smallest margin: the difference of log probabilities between the token that was chosen and the best
other one that the grammar admits, the least over all tokens that were chosen (`netassist.llama.messages.Completed`).
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

UNSURE_BELOW = 0.55
"""Below it a plan is unsure. Measured by this module's command on NetBench's validation set (420 cases) with the built-in model:
7.1% of the cases are below, of which 60.0% are planned right; of the others 94.9%; 4.8% of all are wrong and sure."""
MOST_ASKED = 0.075
"""The share of requests that a person may be asked about."""


def is_unsure(margin: float | None) -> bool:
    """Whether a plan with this smallest margin (None: there never was another token) is less reliable than others."""
    return margin is not None and margin < UNSURE_BELOW


def main() -> None:
    """Plan the cases, choose the threshold, and print what it does and what the one in use does."""
    parser = argparse.ArgumentParser(prog="python -m netassist.nano.confidence", description="Calibrate when a plan is unsure.")
    parser.add_argument("cases", type=Path, help="NetBench cases, none of which the model was trained on")
    parser.add_argument("--model", type=Path, help="a GGUF in the built-in notation; the built-in model where left out")
    parser.add_argument("--most-asked", type=float, default=MOST_ASKED, help="the share of cases that may be unsure")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()

    # A command over the whole program; what imports this module needs none of it.
    from netassist.backends.testllm import TestLlm
    from netassist.evaluation.calibration import calibration, lines, outcomes, threshold_for
    from netassist.evaluation.netbench import cases
    from netassist.toolbox import built_in

    async def measured() -> None:
        backend = TestLlm(given.model, given.threads)
        try:
            found = await outcomes(cases(given.cases), backend, list(built_in().values()))
        finally:
            await backend.close()
        chosen = threshold_for(found, given.most_asked)
        print("\n".join(lines(calibration(found, chosen))))
        halves = [calibration(found[1 - n :: 2], threshold_for(found[n::2], given.most_asked)) for n in (0, 1)]
        asked, wrong = (sum(getattr(half, name) for half in halves) / 2 for name in ("asked", "wrong_and_sure"))
        print(f"chosen on one half of the cases and measured on the other: {asked:.1%} unsure, {wrong:.1%} wrong and sure")
        if chosen != UNSURE_BELOW:
            print(f"\nin use (UNSURE_BELOW in {__file__}):")
            print("\n".join(lines(calibration(found, UNSURE_BELOW))))

    asyncio.run(measured())


if __name__ == "__main__":
    main()
