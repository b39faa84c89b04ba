"""What lies flat over the city: labels of districts, what is pointed at, the timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from xrserver import clock, spaces
from xrserver.clock import Calendar, Pace, Playback
from xrserver.native.backend import View
from xrserver.native.city import City, Labels
from xrserver.native.overlay import Colour, Overlay
from xrserver.spaces import Pose

#: Height of the timeline and air around it; logical pixels.
STRIP, MARGIN = 58.0, 14.0
_INSET = 16.0
_BAR = 3.0
_LABELS_MOST = 48


@dataclass(frozen=True, slots=True)
class Ink:
    """Colours of the overlay at one time of day; text on its panel has a contrast of 7:1 or more."""

    panel: Colour
    text: Colour
    faint: Colour
    accent: Colour
    bar: Colour
    line: Colour


NIGHT = Ink((0.035, 0.047, 0.075, 0.93), (0.91, 0.94, 0.98, 1.0), (0.66, 0.72, 0.80, 1.0),
            (1.0, 0.74, 0.36, 1.0), (0.46, 0.55, 0.68, 0.85), (0.75, 0.82, 0.92, 0.30))
DAY = Ink((1.0, 1.0, 1.0, 0.94), (0.10, 0.12, 0.16, 1.0), (0.34, 0.38, 0.44, 1.0),
          (0.78, 0.30, 0.02, 1.0), (0.50, 0.56, 0.64, 0.85), (0.20, 0.24, 0.30, 0.35))


def ink(daylight: float) -> Ink:
    """Return the colours that read well in this light."""
    return DAY if daylight > 0.5 else NIGHT


def timeline_share(x: float, y: float, width: float, height: float) -> float | None:
    """Return which share of the history lies left of a point of the picture; None off the timeline.

    `x`, `y` count from the upper left corner; all in logical pixels.
    """
    if not (height - MARGIN - STRIP <= y <= height - MARGIN and MARGIN <= x <= width - MARGIN):
        return None
    return along_timeline(x, width)


def along_timeline(x: float, width: float) -> float:
    """Return the share of the history at a horizontal place, clamped to its ends."""
    return min(max((x - MARGIN - _INSET) / (width - 2 * (MARGIN + _INSET)), 0.0), 1.0)


class Timeline:
    """The strip at the bottom: density of commits, dates, tags, and the playhead."""

    def __init__(self) -> None:
        self._key: object = None
        self._quads: NDArray[np.float32] | None = None

    def draw(self, overlay: Overlay, city: City, state: Playback, width: float, height: float,
             colours: Ink, hint: str = "") -> None:
        """Add the timeline to a frame of `width` × `height` logical pixels; where there is room, a hint."""
        rank, pace = state.rank, state.pace
        key = (id(city), city.scene.head_rank, len(city.landmarks), pace, width, height, overlay.scale,
               overlay.generation, colours)
        if key != self._key or self._quads is None:
            begun = overlay.count
            self._still(overlay, city, pace, width, height, colours)
            self._quads, self._key = overlay.since(begun), key
        else:
            overlay.paste(self._quads)
        left, wide, top = MARGIN + _INSET, width - 2 * (MARGIN + _INSET), height - MARGIN - STRIP
        x = left + wide * clock.progress(city.calendar, rank, state.fraction, pace)
        overlay.rectangle(x - 1.0, top + 4, 2.0, STRIP - 20, colours.accent, 1.0)
        overlay.rectangle(x - 4.0, top + 1, 8.0, 8.0, colours.accent, 4.0)
        text = f"{city.date(rank)}   {rank:,} of {city.scene.head_rank:,}"
        text += "" if state.playing else "   paused"
        wide_text = overlay.measure(text, 12)[0]
        at = min(max(x - wide_text / 2, left), left + wide - wide_text)
        overlay.text(at, top - 20, text, 12, colours.text)
        if hint and at - left > overlay.measure(hint, 12)[0] + 20:
            overlay.text(left, top - 20, hint, 12, colours.faint)

    def _still(self, overlay: Overlay, city: City, pace: Pace, width: float, height: float,
               colours: Ink) -> None:
        left, wide, top = MARGIN + _INSET, width - 2 * (MARGIN + _INSET), height - MARGIN - STRIP
        overlay.rectangle(MARGIN, top, width - 2 * MARGIN, STRIP, colours.panel, 8.0)
        base = top + STRIP - 18
        bars = max(1, int(wide / _BAR))
        # Density: at calendar pace commits for a time, at commit pace time's inverse: commits a day.
        if pace == "calendar":
            share = city.calendar.at / max(city.calendar.at[-1], 1.0)
            counts = np.bincount(np.minimum((share * bars).astype(np.int64), bars - 1), minlength=bars)
            density = counts.astype(np.float64)
        else:
            edges = np.linspace(0, city.calendar.head_rank, bars + 1).astype(np.int64)
            density = (np.diff(edges) + 0.5) / np.maximum(np.diff(city.timeline[edges]) / 86400.0, 0.05)
        tall = np.sqrt(density / max(float(np.percentile(density, 98)), 1e-9)).clip(0.0, 1.0) * (STRIP - 26)
        for i, value in enumerate(tall.tolist()):
            if value >= 0.5:
                overlay.rectangle(left + i * wide / bars, base - value, max(wide / bars - 1.0, 0.7), value,
                                  colours.bar)
        for rank, _ in city.landmarks:
            if rank <= city.calendar.head_rank:
                x = left + wide * clock.progress(city.calendar, rank, 0.0, pace)
                overlay.rectangle(x - 0.5, base + 1, 1.0, 4.0, colours.accent)
        self._dates(overlay, city, pace, left, wide, base + 3, colours)

    def _dates(self, overlay: Overlay, city: City, pace: Pace, left: float, wide: float, y: float,
               colours: Ink) -> None:
        free = left
        for rank, text in dates(city.timeline, city.calendar):
            x = left + wide * clock.progress(city.calendar, rank, 0.0, pace)
            width = overlay.measure(text, 11)[0]
            at = min(max(x - width / 2, left), left + wide - width)
            if at >= free:
                overlay.text(at, y, text, 11, colours.faint)
                free = at + width + 18


def dates(timeline: NDArray[np.int64], calendar: Calendar) -> list[tuple[int, str]]:
    """Return ranks where a year begins (or a month, or a day, in short histories), and its name."""
    whole = int(timeline[-1] - timeline[0])
    unit, form = ("Y", "%Y") if whole > 3 * 365 * 86400 else (
        ("M", "%b %Y") if whole > 90 * 86400 else ("D", "%d %b"))
    units = timeline.astype("datetime64[s]").astype(f"datetime64[{unit}]")
    begins = np.flatnonzero(np.diff(units.astype(np.int64), prepend=units[:1].astype(np.int64) - 1))
    named = begins[:: max(1, len(begins) // 400)]
    return [(int(rank), datetime.fromtimestamp(int(timeline[rank]), UTC).strftime(form)) for rank in named]


def draw_labels(overlay: Overlay, labels: Labels, view: View, pose: Pose, width: float, height: float,
                colours: Ink, covered: Sequence[tuple[float, float, float, float]] = ()) -> None:
    """Add the names of districts above their skylines: the largest first, none over another.

    None lies where something else is: `covered`, as left, top, right, bottom.
    """
    # Columns after one another, read as rows: each is transposed, and so is their product.
    chain = (spaces.matrix(pose), spaces.view_matrix(view.world_from_eye), view.projection)
    model, eye, projection = (np.array(matrix).reshape(4, 4) for matrix in chain)
    matrix = model @ eye @ projection
    ones = np.ones((len(labels.text), 1))
    clip = np.hstack([labels.anchor, ones]) @ matrix
    depth = clip[:, 3]
    with np.errstate(divide="ignore", invalid="ignore"):
        x = (clip[:, 0] / depth * 0.5 + 0.5) * width
        y = (0.5 - clip[:, 1] / depth * 0.5) * height
        z = clip[:, 2] / depth
        across = labels.radius * pose.scale * view.projection[5] / depth * 0.5 * height
    seen = (depth > 0) & (across > 22)
    taken = list(covered)
    for i in np.flatnonzero(seen).tolist():
        size = min(max(across[i] / 9.0, 11.0), 19.0)
        wide, tall = overlay.measure(labels.text[i], size)
        if wide > 2.4 * across[i]:
            continue
        lift = 10.0 + 0.8 * size
        left, top = x[i] - wide / 2 - 5, y[i] - tall - lift
        box = (left, top, left + wide + 10, top + tall + 2)
        inside = left >= 0 and top >= 0 and box[2] <= width and box[3] <= height - STRIP - 2 * MARGIN
        if not inside or any(_overlap(box, other) for other in taken):
            continue
        taken.append(box)
        overlay.depth = max(-1.0, float(z[i]))
        overlay.rectangle(x[i] - 0.5, box[3], 1.0, lift - 2, colours.line)
        overlay.rectangle(box[0], box[1], wide + 10, tall + 2, (*colours.panel[:3], 0.62), 4.0)
        overlay.text(left + 5, top + 1, labels.text[i], size, colours.text)
        if len(taken) == len(covered) + _LABELS_MOST:
            break
    overlay.depth = -1.0


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] + 4 and b[0] < a[2] + 4 and a[1] < b[3] + 3 and b[1] < a[3] + 3


def draw_tip(overlay: Overlay, x: float, y: float, lines: list[str], width: float, height: float,
             colours: Ink) -> None:
    """Add a box of lines beside the pointer at (x, y)."""
    most = min(0.6 * width, 560.0)
    lines = [overlay.fitted(line, 13 if i == 0 else 12, most) for i, line in enumerate(lines)]
    sizes = [overlay.measure(line, 13 if i == 0 else 12) for i, line in enumerate(lines)]
    wide, tall = max(size[0] for size in sizes) + 20, sum(size[1] for size in sizes) + 12
    left = x + 16 if x + 16 + wide <= width - 4 else max(4.0, x - 16 - wide)
    top = y + 18 if y + 18 + tall <= height - STRIP - 2 * MARGIN else max(4.0, y - 12 - tall)
    overlay.rectangle(left, top, wide, tall, colours.panel, 6.0)
    at = top + 6
    for i, (line, size) in enumerate(zip(lines, sizes, strict=True)):
        overlay.text(left + 10, at, line, 13 if i == 0 else 12, colours.text if i == 0 else colours.faint)
        at += size[1]

