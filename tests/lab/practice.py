"""Servers to practise on, as docs/tutorial.md says: those of the demonstration, which stay until Ctrl-C.

    python -m tests.lab.practice FOLDER

They are on 127.0.0.20 and 127.0.0.21; the configuration that knows them is written to FOLDER/config.toml.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from pathlib import Path

from tests.lab.demo import HTTP, INTRANET, SHOP, SSH, TLS, estate


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with estate(folder) as lab, contextlib.suppress(KeyboardInterrupt):
        print(f"The shop: {SHOP}, TLS on port {TLS}, HTTP on {HTTP}, SSH on {SSH}.")
        print(f"The intranet: {INTRANET}, TLS on port {TLS}, HTTP on {HTTP}.")
        print(f"In another terminal: export NETASSIST_CONFIG={lab.config}\nCtrl-C ends them.", flush=True)
        signal.pause()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) == 2 else "practice").absolute())
