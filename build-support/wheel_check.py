"""Does the wheel work where nothing of the checkout is? Run as ``python build-support/wheel_check.py DIST``.

The wheel is compared file by file with the checkout, installed by pip in a fresh virtual environment, and its command is
run in an empty folder. The fresh environment sees the packages of requirements.lock and no others (links to those of
.venv, so that llama.cpp is not compiled again): a dependency that pyproject.toml does not name is missing there too.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import sysconfig
import tempfile
import venv
import zipfile
from importlib.metadata import distribution
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
CARRIED = {"netassist": CHECKOUT / "netassist", "netassist/tools": CHECKOUT / "tools", "netassist/prompts": CHECKOUT / "prompts"}
LEFT_OUT = ("netassist/nano/corpus/", "netassist/nano/phrases.toml")
MANUAL = ".data/data/share/man/man1/netassist.1"
INDISPENSABLE = ("netassist/nano/nano.gguf", "netassist/entities/lexicon.txt.gz", "netassist/tools/ping.json")


def main(folder: Path) -> None:
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1 or len(list(folder.glob("*.tar.gz"))) != 1:
        sys.exit(f"{folder}: one wheel and one sdist are expected there; type: make clean wheel")
    compare(wheels[0])
    with tempfile.TemporaryDirectory(prefix="netassist-wheel-") as place:
        command = installed(wheels[0].resolve(), Path(place))
        exercise(command, Path(place))
    print(f"wheel check: {wheels[0].name} ({wheels[0].stat().st_size / 1e6:.1f} MB) works in an empty folder")


def compare(wheel: Path) -> None:
    """Exits where the wheel lacks a file of the checkout, or holds one that is not there."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    held = {name for name in names if ".dist-info/" not in name and ".data/" not in name}
    if not any(name.endswith(MANUAL) for name in names):
        sys.exit(f"{wheel.name}: the manual page, {MANUAL}, is missing")
    expected = {f"{prefix}/{path.relative_to(root).as_posix()}"
                for prefix, root in CARRIED.items() for path in root.rglob("*")
                if path.is_file() and "__pycache__" not in path.parts}  # fmt: skip
    expected = {name for name in expected if not name.startswith(LEFT_OUT)} | set(INDISPENSABLE)
    if held != expected:
        missing, surplus = sorted(expected - held), sorted(held - expected)
        sys.exit(f"{wheel.name}: missing {missing or 'nothing'}, not of the checkout {surplus or 'nothing'}")


def installed(wheel: Path, place: Path) -> Path:
    """The path of the command `netassist`, installed by pip, without an index, from the wheel alone."""
    environment = place / "environment"
    venv.create(environment, with_pip=False, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(environment)}))
    dependencies = place / "dependencies"
    dependencies.mkdir()
    for name in re.findall(r"^([\w.-]+)==", (CHECKOUT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE):
        link(name, dependencies)
    # A line of a .pth file joins sys.path, but no .pth file over there is read: the editable checkout stays out.
    (packages / "dependencies.pth").write_text(f"{dependencies}\n", encoding="utf-8")
    python = environment / "bin" / "python"
    # pip comes from .venv, told to install for the other interpreter; it finds every requirement there, or fails.
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--isolated", "install", "--quiet", "--no-index"]
    run([*pip, str(wheel)], place)
    where = run([str(python), "-c", "import netassist; print(netassist.__file__)"], place).strip()
    if Path(where).parent != packages / "netassist":
        sys.exit(f"the fresh environment imports {where}, which is not the wheel's")
    return environment / "bin" / "netassist"


def link(name: str, folder: Path) -> None:
    """Links what the installed distribution `name` put into site-packages into `folder`."""
    found = distribution(name)
    for top in {path.parts[0] for path in found.files or () if path.parts[0] not in ("..", "__pycache__")}:
        if not (folder / top).exists():
            (folder / top).symlink_to(Path(str(found.locate_file(top))))


def exercise(command: Path, place: Path) -> None:
    """Runs the command in an empty folder with an empty home; exits where it does not say what it should."""
    home = place / "home"
    home.mkdir()
    empty = place / "empty"
    empty.mkdir()
    tools = len(list((CHECKOUT / "tools").glob("*.json")))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for arguments, expected in (
            (["--version"], r"^netassist \d+\.\d+"),
            (["tools"], rf"\A(?:\w+ .*\n){{{tools}}}\Z"),
            (["plan", "ping 192.0.2.1"], r"ping\(host='192\.0\.2\.1'"),
            (["run", "tcp_check", "host=127.0.0.1", f"port={port}", "-f", "json"], r'"state":\s*"open"'),
        ):
            output = run([str(command), *arguments], empty, home)
            if not re.search(expected, output, re.MULTILINE if expected.startswith("^") else 0):
                sys.exit(f"netassist {' '.join(arguments)}: {expected!r} is not in what it printed:\n{output}")
    if left := list(empty.iterdir()):
        sys.exit(f"the command left {left} in the folder where it was run")


def run(command: list[str], folder: Path, home: Path | None = None) -> str:
    """Standard output of a command that succeeds within two minutes; exits with what it said otherwise."""
    surroundings = {"PATH": os.defpath, "HOME": str(home or folder), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, cwd=folder, env=surroundings, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=120)  # fmt: skip
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]))
