"""Measurements beside peers, by commands that print Markdown; docs/benchmarks.md says what they mean."""
