"""Watching hosts: checks on schedules, their states and history, alerts, and the ways in (API, page, metrics).

A check's way: `schedule` says when, `checks` measures and judges one `Result`, `states` makes a `State` and `Event`s of it,
`drift` tells what became different, `alerting` opens and resolves `Alert`s; all of that is written in one transaction of
`store`. `notices` turns alerts into messages, `outbox` delivers them. `engine` runs it, `daemon` is the process.
"""
