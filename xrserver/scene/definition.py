"""Scene definitions: TOML files that say what is placed where and which metric drives what.

Every key, its unit and its range stands once, in `scene.schema`; the defaults are those of the
dataclasses here. What is unknown, of the wrong type, unit or range is a `SceneError` that names the file,
the line and the remedy.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

from xrserver import resources
from xrserver.errors import SceneError
from xrserver.layout.city import CityParameters
from xrserver.layout.river import RiverParameters
from xrserver.scene.palette import CHROMA, LIGHTNESS, OKABE_ITO
from xrserver.scene.schema import SCHEMAS, any_of, read_value, remedy


@dataclass(frozen=True, slots=True)
class Metrics:
    """Which metric drives which channel."""

    footprint: str = "size"
    height: str = "strata"
    colour: str = "author"
    glow: str = "change"
    label: str = "name"
    bead: str = "files"


@dataclass(frozen=True, slots=True)
class Building:
    """How a file's state becomes a box; metres."""

    lowest: float = 2.2
    storey: float = 6.3
    growth: float = 1.25
    least_side: float = 1.5
    symlink_height: float = 1.2
    submodule_height: float = 3.0


@dataclass(frozen=True, slots=True)
class Palette:
    """The light to start with, and the colours of people (0xRRGGBB; OKLCH for those beyond)."""

    light: str = "night"
    people: tuple[int, ...] = OKABE_ITO
    lightness: float = LIGHTNESS
    chroma: float = CHROMA


@dataclass(frozen=True, slots=True)
class Start:
    """Where the scene stands in the viewer's world at first."""

    scale: str = "room"
    centre: tuple[float, float, float] = (0.0, 0.55, -3.6)
    """Where the middle of the city's ground lies, metres, world space."""
    turn: float = 24.0
    """About the vertical axis, degrees."""


@dataclass(frozen=True, slots=True)
class Tiling:
    """When and how a history is cut into tiles."""

    whole_nodes: int = 16_000
    whole_spans: int = 100_000
    """A history with no more nodes and spans is one exact tile."""
    root_nodes: int = 8_000
    root_spans: int = 24_000
    """Otherwise: the most of the coarse tile that covers all of it."""
    tile_nodes: int = 2_500
    tile_spans: int = 10_000
    """The most of every tile that refines it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A scene that stands in another one.

    Attributes
    ----------
    definition : SceneDefinition
    offset : (float, float, float), metres, scene space
    around : bool
        A river: it winds around the parts before it.
    reach : float
        … and goes no farther than this many times as far from the middle as they do.
    """

    definition: SceneDefinition
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    around: bool = False
    reach: float = 3.0


@dataclass(frozen=True, slots=True)
class SceneDefinition:
    """A scene file, read and checked. `digest` names its content and that of its parts.

    `kind` says which of the parameters mean something: ``"city"`` those of `layout` and `building`,
    ``"river"`` those of `river`, ``"together"`` the `parts`.
    """

    name: str
    title: str = "City"
    kind: str = "city"
    layout: CityParameters = field(default_factory=CityParameters)
    river: RiverParameters = field(default_factory=RiverParameters)
    parts: tuple[Part, ...] = ()
    metrics: Metrics = field(default_factory=Metrics)
    building: Building = field(default_factory=Building)
    glow_seconds: float = 3.0
    palette: Palette = field(default_factory=Palette)
    start: Start = field(default_factory=Start)
    tiling: Tiling = field(default_factory=Tiling)
    digest: str = ""
    files: tuple[Path, ...] = field(default=(), compare=False)
    """Where it and its parts were read from."""


def scene_names() -> list[str]:
    """Return the names of the scenes that come with xrserver."""
    return sorted(file.stem for file in resources.folder("scenes").glob("*.toml"))


def load_scene(name: str) -> SceneDefinition:
    """Read the scene called `name`, or the file `name` when it ends in ``.toml``.

    Raises
    ------
    SceneError
        There is no such scene, or its file is wrong.
    """
    file = Path(name) if name.endswith(".toml") else resources.folder("scenes") / f"{name}.toml"
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SceneError(f"There is no scene {name!r} ({error}): choose one of {any_of(scene_names())}, or "
                         "give the path of a .toml file.") from None
    scene = parse_scene(text, str(file), file.stem)
    return replace(scene, files=(file, *(each for part in scene.parts for each in part.definition.files)))


def parse_scene(text: str, file: str, name: str) -> SceneDefinition:
    """Return the definition that `text`, the content of `file`, holds.

    Raises
    ------
    SceneError
        A key, type, unit or value does not fit.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SceneError(f"{file}: not TOML: {error}.") from None
    layout = document.get("layout")
    kind: Any = layout.get("kind", "city") if isinstance(layout, dict) else "city"
    schema = SCHEMAS.get(kind if isinstance(kind, str) else "", SCHEMAS["city"])
    sections: list[tuple[str, int, dict[str, Any]]] = [
        ("", 0, {key: value for key, value in document.items() if not _is_section(value)})]
    for key, value in document.items():
        if key == "part" and isinstance(value, dict):
            raise SceneError(f"{file}:{line_of(text, key, None)}: [part] must be in double brackets, "
                             "[[part]], as there may be several.")
        if _is_section(value):
            several: list[dict[str, Any]] = value if isinstance(value, list) else [value]
            sections += [(key, number, each) for number, each in enumerate(several)]
    read: dict[str, dict[str, Any]] = {}
    parts: list[Part] = []
    for section, number, entries in sections:
        if section not in schema:
            elsewhere = any(section in each for each in SCHEMAS.values())
            whose = f" in a scene of kind {kind!r}" if elsewhere else ""
            raise SceneError(f"{file}:{line_of(text, section, None)}: unknown section [{section}]{whose}: "
                             f"{remedy(section, [s for s in schema if s])}.")
        values: dict[str, Any] = {}
        for key, value in entries.items():
            def wrong(what: str, section: str = section, key: str = key, number: int = number) -> SceneError:
                return SceneError(f"{file}:{line_of(text, section, key, number)}: {key}: {what}.")
            if key not in schema[section]:
                raise wrong(f"unknown key: {remedy(key, list(schema[section]))}")
            values[key] = read_value(schema[section][key], value, wrong)
        if section == "part":
            parts.append(_part(values, file, line_of(text, section, None, number), name, not parts))
        else:
            read[section] = values
    if kind == "together" and not parts:
        raise SceneError(f"{file}:{line_of(text, 'layout', 'kind')}: a scene of kind 'together' needs a "
                         "[[part]] with the scene that stands in it, such as scene = \"city\".")
    values = {key: value for key, value in read.get("layout", {}).items() if key != "kind"}
    digest = blake2b(text.encode(), digest_size=16)
    for part in parts:
        digest.update(part.definition.digest.encode())
    return SceneDefinition(
        name=name, title=read[""].get("title", name), kind=kind,
        layout=CityParameters(**values if kind == "city" else {}),
        river=RiverParameters(**values if kind == "river" else {}), parts=tuple(parts),
        metrics=Metrics(**read.get("metrics", {})), building=Building(**read.get("building", {})),
        glow_seconds=read.get("time", {}).get("glow", SceneDefinition(name).glow_seconds),
        palette=Palette(**read.get("palette", {})), start=Start(**read.get("start", {})),
        tiling=Tiling(**read.get("tiles", {})), digest=digest.hexdigest())


def _is_section(value: Any) -> bool:
    """Return whether a value of a document is a section, or some of one name."""
    return isinstance(value, dict) or (
        isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value))


def _part(values: dict[str, Any], file: str, line: int, name: str, first: bool) -> Part:
    """Return the part that a ``[[part]]`` at a line of `file` describes."""
    where = f"{file}:{line}: "
    if "scene" not in values:
        raise SceneError(f"{where}this part names no scene: add a line such as scene = \"city\".")
    scene = values.pop("scene")
    beside = str(Path(file).parent / scene) if scene.endswith(".toml") else scene
    if scene == name or beside == file:
        raise SceneError(f"{where}scene: {scene!r} cannot be a part of itself.")
    try:
        definition = load_scene(beside)
    except SceneError as error:
        raise SceneError(f"{where}scene: {error}") from None
    if definition.kind == "together":
        raise SceneError(f"{where}scene: {scene!r} is made of parts itself: name those here.")
    part = Part(definition, **values)
    if part.around and (first or definition.kind != "river"):
        raise SceneError(f"{where}around: only a river goes around something, and that comes before it: "
                         "leave it out here.")
    return part


def line_of(text: str, section: str, key: str | None, number: int = 0) -> int:
    """Return the line that sets `key` in the `number`-th `section`; the one that opens it, without a key."""
    def sets(line: str, name: str) -> bool:
        return re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*[.=]", line) is not None

    here, opened, seen = "", 1, -1
    for at, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\[?\s*[\"']?([^\]\"']+?)[\"']?\s*\]", line)
        if header:
            here = header[1]
            seen += here == section
            if here == section and seen == number:
                opened = at
                if key is None:
                    return at
        elif key is not None and here == section and (not section or seen == number) and sets(line, key):
            return at
        elif here == "" and section and sets(line, section):
            opened = at
    return opened
