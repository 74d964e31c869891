"""What a problem is called and what to do about it: the row of a table of rules."""

from __future__ import annotations

from typing import NamedTuple

from netassist.observations import Finding, Severity


class Rule(NamedTuple):
    severity: Severity
    title: str
    detail: str
    fix: str
    references: tuple[str, ...]

    def finding(self, id: str, evidence: str, more_references: tuple[str, ...] = ()) -> Finding:
        """That the problem was found; each reference once."""
        return Finding(
            id=id,
            severity=self.severity,
            title=self.title,
            detail=self.detail,
            evidence=evidence,
            fix=self.fix,
            references=tuple(dict.fromkeys((*self.references, *more_references))),
        )
