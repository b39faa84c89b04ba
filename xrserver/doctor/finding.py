"""What was found about one thing, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

#: `good`; `notice`: something is limited, or not there and perhaps not wanted; `missing`: nothing can be
#: shown without it.
State = Literal["good", "notice", "missing"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor.

    Attributes
    ----------
    topic : str
        What it is about, in a word or two.
    state : str
    what : str
        What was found.
    remedy : str
        What to do about it; '' when there is nothing to do.
    facts : dict
        The same for programs; only what JSON has.
    """

    topic: str
    state: State
    what: str
    remedy: str = ""
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
