"""netassist: ask about hosts and networks in plain words, and get answers that were measured."""

__version__ = "0.1.0"
