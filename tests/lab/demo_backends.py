"""Two backends, shown: a remote one answers, fails, is gone on without, and comes back.

    python -m tests.lab.demo_backends

The remote one is the lab's own chat completion server, whose model is a few lines; what it plans and what it is told is real.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from tests.lab.http import Page, http_server
from tests.lab.llm_server import Asked, Llm, Turn, Wanted, llm_server

HOST, PORT = "127.0.0.22", 8080
QUESTION = f"Is port {PORT} open on {HOST}?"
KEY = "sk-lab-key-of-the-demonstration"
AWAY_SECONDS = 12
"""For how long the server says that it is away."""
CONFIG = """\
backends = ["turbollm", "testllm"]
privacy = "redact"

[turbollm]
base_url = "{url}"
model = "lab-model"
key_env = "LAB_KEY"
tokens_a_day = 50000
"""


class Scene(NamedTuple):
    """A command, and what becomes of the server before it."""

    words: tuple[str, ...]
    before: Literal["nothing", "goes away", "is back"] = "nothing"


SCENES = (
    Scene(("ask", QUESTION)),
    Scene(("ask", QUESTION), "goes away"),
    Scene(("backends",)),
    Scene(("ask", QUESTION), "is back"),
    Scene(("backends",)),
)
_SAID = {
    "goes away": f"\n(The server goes away for {AWAY_SECONDS} seconds.)",
    "is back": f"\n(These {AWAY_SECONDS} seconds are over.)",
}


class Show:
    """The servers, and the environment in which netassist knows them."""

    def __init__(self, llm: Llm, environment: dict[str, str], state: Path) -> None:
        self.llm, self.environment, self.state = llm, environment, state
        self._fell = 0.0

    def away(self, seconds: int) -> None:
        """The server's next answer is that it is away for so long."""
        headers = (("Retry-After", str(seconds)),)
        self.llm.turns.append(Turn(status=503, error="the model is loading", headers=headers))

    def wait(self) -> None:
        """Until the server has said that it is back."""
        time.sleep(max(0.0, self._fell + AWAY_SECONDS - time.monotonic()))

    def played(self, scene: Scene) -> subprocess.CompletedProcess[str]:
        """What became of a scene's command; stderr comes with the rest, as on a terminal."""
        command = [sys.executable, "-m", "netassist", *scene.words]
        try:
            return subprocess.run(
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, timeout=120,
            )  # fmt: skip
        finally:
            self._fell = time.monotonic() if scene.before == "goes away" else self._fell


def model(asked: Asked) -> Turn:
    """Plans a look at the port that the request names, and says in words what came of it."""
    last = asked.body["messages"][-1]
    if last["role"] == "tool":
        return Turn(str(last["content"])[:300], usage=(1400, 40))
    [function] = [tool["function"] for tool in asked.body["tools"] if tool["function"]["name"] == "tcp_check"]
    offered = function["parameters"]["properties"]
    arguments = {"host": offered["host"]["enum"][-1], "port": offered["port"]["enum"][0]}
    return Turn(calls=[Wanted("tcp_check", arguments)], usage=(1200, 30))


@contextlib.contextmanager
def show(folder: Path) -> Iterator[Show]:
    """Start the servers; `folder` takes the configuration and the state."""
    with llm_server(Llm(model=model, key=KEY)) as llm, http_server({"/": Page()}, host=HOST, port=PORT):
        config = folder / "config.toml"
        config.write_text(CONFIG.format(url=llm.url))
        bare = {name: value for name, value in os.environ.items() if not name.startswith(("NETASSIST_", "XDG_"))}
        own = {"NETASSIST_CONFIG": str(config), "XDG_STATE_HOME": str(folder / "state"), "LAB_KEY": KEY, "COLUMNS": "100"}
        yield Show(llm, bare | own, folder / "state" / "netassist")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="netassist-demo-") as name, show(Path(name)) as shown:
        for scene in SCENES:
            if scene.before in _SAID:
                print(_SAID[scene.before], flush=True)
            if scene.before == "goes away":
                shown.away(AWAY_SECONDS)
            if scene.before == "is back":
                shown.wait()
            print(f"\n$ netassist {shlex.join(scene.words)}", flush=True)
            done = shown.played(scene)
            print(done.stdout.rstrip(), flush=True)
            if done.returncode:
                sys.exit(f"the demonstration stopped: netassist ended with code {done.returncode}")


if __name__ == "__main__":
    main()
