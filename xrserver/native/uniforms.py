"""Uniforms of programs, set only where they changed: most stay as they were from frame to frame."""

from __future__ import annotations

from collections.abc import Mapping

import moderngl
import numpy as np


class Uniforms:
    """What programs were told last. Each belongs to the one context they share."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[dict[str, moderngl.Uniform], dict[str, object]]] = {}
        self._matrix = np.empty(16, np.float32)

    def set(self, program: moderngl.Program, values: Mapping[str, object]) -> None:
        """Set those of `values` that a program has; sixteen numbers are a matrix, column after column."""
        known = self._known.get(program.glo)
        if known is None:
            # Asked once: a program does not say quickly what it has.
            found = {name: member for name in values if isinstance(member := program.get(name, None),
                                                                   moderngl.Uniform)}
            known = self._known[program.glo] = found, {}
        uniforms, last = known
        for name, uniform in uniforms.items():
            value = values[name]
            if last.get(name) == value:
                continue
            last[name] = value
            if isinstance(value, tuple) and len(value) == 16:
                self._matrix[:] = value
                uniform.write(self._matrix.data)
            else:
                uniform.value = value
