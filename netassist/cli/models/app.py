"""The commands of ``netassist models``, by name; each one's module is imported when it is called."""

from __future__ import annotations

from cyclopts import App

app = App(name="models", help_format="plaintext", help_formatter="plain")
app.command(
    "netassist.cli.models.listing:list_models",
    name="list",
    help="""List the models that can be fetched, and those that have been (✔).

With a name, the hub is asked for the files of that repository.

Try:
  netassist models list
  netassist models list bartowski/nvidia_Llama-3.1-Nemotron-Nano-8B-v1-GGUF --context 4096
""",
)
app.command(
    "netassist.cli.models.recommend:recommend",
    name="recommend",
    help="""Choose a file of the catalogue for this machine, with the reasons.

Exit code 1 says that none fits.

Try:
  netassist models recommend
  netassist models recommend --prefer accuracy --context 4096
""",
)
app.command(
    "netassist.cli.models.pull:pull",
    name="pull",
    help="""Fetch a model, after its licences.

What was broken off goes on when the same command is given again. Only a file that is whole, and what was published, is kept.

Try:
  netassist models pull q4_k
  netassist models pull owner/name:Q4_K_M --accept-licence
  netassist models pull https://models.example.org/small.gguf
""",
)
app.command(
    "netassist.cli.models.keep:verify",
    name="verify",
    help="""Check fetched models: length, head and SHA-256.

Try:
  netassist models verify
  netassist models verify q4_k
""",
)
app.command(
    "netassist.cli.models.keep:use",
    name="use",
    help="""Plan with a model from now on.

It is written into the configuration. For one question: netassist ask --model NAME.

Try:
  netassist models use q4_k
  netassist models use ~/models/another.gguf
  netassist models use built-in
""",
)
app.command(
    "netassist.cli.models.keep:remove",
    name="remove",
    help="""Delete a model that was fetched, or what came of one that was broken off.

Try:
  netassist models remove q4_k
""",
)
