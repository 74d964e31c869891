"""The rules, one file a family: `judge` makes findings of one type of report, `RULES` says what each means."""
