"""Asks everything at once, and waits for nobody longer than is reasonable."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from xrserver.config import Config
from xrserver.doctor import graphics, network, reading
from xrserver.doctor.finding import Finding

#: Seconds after which whoever has not answered is left behind.
LIMIT = 25.0

Probe = Callable[[], list[Finding]]


def probes(config: Config) -> dict[str, dict[str, Probe]]:
    """Return what is asked, by section and topic, in the order of the report."""
    return {
        "Reading and serving": {
            "git": reading.git, "packages": reading.packages, "files": reading.files, "cache": reading.cache},
        "A headset in this network": {
            "network": lambda: network.addresses(config), "port": lambda: network.port(config),
            "firewall": lambda: network.firewall(config), "certificate": lambda: network.certificate(config),
            "devices": lambda: network.devices(config)},
        "A headset on a cable": {"adb": network.adb},
        "This desktop": {"OpenGL": graphics.pictures, "window": graphics.window, "OpenXR": graphics.openxr},
    }


def examine(asked: dict[str, dict[str, Probe]], limit: float = LIMIT) -> dict[str, list[Finding]]:
    """Return what all of `asked` find, by section; whatever one of them meets, the others answer."""
    answers: dict[tuple[str, str], list[Finding]] = {}
    threads: list[threading.Thread] = []
    for section, topics in asked.items():
        for topic, probe in topics.items():
            thread = threading.Thread(target=_ask, args=(answers, section, topic, probe), daemon=True)
            thread.start()
            threads.append(thread)
    until = time.monotonic() + limit
    for thread in threads:
        thread.join(max(until - time.monotonic(), 0))
    late = f"no answer within {limit:.0f} seconds"
    return {section: [finding for topic in topics
                      for finding in answers.get((section, topic), [Finding(topic, "notice", late)])]
            for section, topics in asked.items()}


def _ask(answers: dict[tuple[str, str], list[Finding]], section: str, topic: str, probe: Probe) -> None:
    try:
        answers[section, topic] = probe()
    except Exception as error:  # a line, and not the end
        lines = [*str(error).strip().splitlines(), ""]
        answers[section, topic] = [Finding(topic, "notice", f"could not be found out: {type(error).__name__}"
                                           + (f", {lines[0]}" if lines[0] else ""))]

