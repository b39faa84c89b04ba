"""What the documentation says is what the program does."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path

import xrserver
from xrserver.config import Config

ROOT = Path(__file__).parent.parent


def settings_table() -> str:
    """The README's table of settings, from the fields of `Config`."""
    lines = ["| setting | default | |", "|---|---|---|"]
    for setting in dataclasses.fields(Config):
        if not setting.metadata["flag"]:
            continue
        unit = f" {setting.metadata['unit']}" if setting.metadata["unit"] else ""
        default = "" if setting.default in ("", ()) else f"`{setting.default}`{unit}"
        if isinstance(setting.default, bool):
            default = "yes" if setting.default else "no"
        lines.append(f"| `{setting.name}` | {default} | {setting.metadata['help']} |")
    return "\n".join(lines)


def test_the_readme_lists_every_setting() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- settings: begin -->\n(.*?)\n?<!-- settings: end -->", readme, re.S)
    assert found, "the README has no place for the settings"
    assert found[1] == settings_table()


def test_the_architecture_names_the_layers_that_are_enforced() -> None:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = [" | ".join(name.strip().removeprefix("xrserver.") for name in layer.split("|"))
              for layer in contract["contracts"][0]["layers"]]
    text = re.sub(r"\s+", " ", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    assert " → ".join(layers) in text


def test_links_between_documents_lead_somewhere() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    broken = [f"{document.name}: {target}"
              for document in documents
              for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
              if not (document.parent / target).exists()]
    assert not broken


def test_everything_public_is_documented() -> None:
    assert set(xrserver.__all__) == {"__version__", "connect", "pair"}
    assert xrserver.connect.__doc__ and xrserver.pair.__doc__
