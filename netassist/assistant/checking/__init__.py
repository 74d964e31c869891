"""How the facts of a model's answer are held against the observations: mentions, subjects, judges, marks. All of it pure."""
