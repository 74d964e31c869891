"""How well a model plans: published benchmarks, run over any model, scored as their own scorers do, reported by category."""
