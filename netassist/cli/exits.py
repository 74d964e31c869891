"""Exit codes. An error never reads as clean."""

CLEAN = 0
FINDINGS = 1
USAGE = 2
"""Wrong usage, or a question back."""
INCOMPLETE = 3
REFUSED = 4
INTERRUPTED = 130
