"""Films as files: frames in, an MP4 out, by PyAV, which only who records needs (``xrserver[record]``)."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from xrserver.errors import UsageError, XrserverError

#: H.264 as every player shows it, and what is there where an FFmpeg lacks x264.
_CODECS = ("libx264", "h264", "mpeg4")
#: Quality that shows no trace of compression at arm's length, and the work put into it.
_OPTIONS = {"crf": "17", "preset": "medium"}
#: ITU-R BT.709, of full pictures: players guess otherwise, and guess wrong.
_BT709, _TELEVISION = 1, 1
#: Ticks of a second: every usual rate of frames divides it.
_TICKS = 90_000


def check(file: Path) -> None:
    """See that a film can be written there, before anything is drawn for it.

    Raises
    ------
    UsageError
        PyAV is missing, or the file's name or folder does not fit.
    """
    if file.suffix.lower() != ".mp4":
        raise UsageError(f"--record is {str(file)!r}, but films are MP4: choose a name that ends in .mp4.")
    if not file.parent.is_dir():
        raise UsageError(f"--record is {str(file)!r}, but there is no folder {str(file.parent)!r}.")
    _av()


def _av() -> Any:
    try:
        import av
    except ImportError:
        raise UsageError("--record needs PyAV, which is not installed: "
                         "pip install \"xrserver[record]\".") from None
    return av


class Recording:
    """A film that is being written. The file is there, whole, once the block ends without an error.

    Parameters
    ----------
    file : Path
    size : (int, int)
        Pixels; both must be even.
    rate : float
        Frames a second, as players are told.
    """

    def __init__(self, file: Path, size: tuple[int, int], rate: float) -> None:
        self._av = _av()
        self._file, self._part = file, file.with_name(file.name + ".part")
        self._size = size
        try:
            self._container: Any = self._av.open(str(self._part), "w", format="mp4",
                                                 options={"movflags": "+faststart"})
        except OSError as error:
            raise UsageError(f"--record is {str(file)!r}, which cannot be written "
                             f"({error.strerror or error}).") from None
        known: set[str] = self._av.codecs_available
        codec = next((name for name in _CODECS if name in known), "")
        if not codec:
            raise XrserverError("This PyAV encodes neither H.264 nor MPEG-4: install the one of PyPI.")
        stream: Any = self._container.add_stream(
            codec, rate=Fraction(rate).limit_denominator(1001),
            options=_OPTIONS if codec == "libx264" else {"qscale": "3"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, _TICKS)
        for name in ("color_primaries", "color_trc", "colorspace"):
            setattr(stream.codec_context, name, _BT709)
        stream.codec_context.color_range = _TELEVISION
        self._stream = stream
        self._last = -1
        self.frames = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        whole = self.frames > 0 and (kind is None or issubclass(kind, KeyboardInterrupt))
        try:
            if whole:
                self._container.mux(self._stream.encode(None))
            self._container.close()
            if whole:
                self._part.replace(self._file)
        finally:
            with contextlib.suppress(FileNotFoundError):
                self._part.unlink()

    def add(self, rows: bytes, seconds: float) -> None:
        """Add a frame.

        Parameters
        ----------
        rows : bytes
            RGB, from the lower left corner, as OpenGL has it.
        seconds : float
            When it is shown, from the film's beginning; frames that come too close together are left out.
        """
        tick = round(seconds * _TICKS)
        if tick <= self._last:
            return
        import numpy as np

        width, height = self._size
        picture = np.frombuffer(rows, np.uint8).reshape(height, width, 3)[::-1]
        frame: Any = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=_BT709, dst_color_range=_TELEVISION)
        frame.pts, frame.time_base, self._last = tick, Fraction(1, _TICKS), tick
        self._container.mux(self._stream.encode(frame))
        self.frames += 1


def even(size: tuple[int, int]) -> tuple[int, int]:
    """Return the next size up whose sides are even: colours of films are kept for squares of four."""
    return size[0] + size[0] % 2, size[1] + size[1] % 2
