"""``python -m netassist``."""

from netassist.cli import main

main()
