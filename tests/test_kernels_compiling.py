"""Whoever waits for kernels to be compiled is told, once per installation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

#: Calls one small kernel, and prints what it was told meanwhile, and how many kernels are kept.
_CALL = """
import numpy as np
from xrserver import kernels
from xrserver.kernels.order import first_parent_chain
from xrserver.kernels.state import compiled
told = []
def progress(*told_now):
    told.append(told_now)
    if STOP: raise InterruptedError
with kernels.compiling(progress):
    try: first_parent_chain(ARGUMENTS)
    except InterruptedError: print("stopped")
first_parent_chain(ARGUMENTS)
print(told, compiled()[0])
"""
_ARGUMENTS = "np.array([0, 0, 1]), np.array([0], np.int32), 1"


def printed(cache: Path, stop: bool = False) -> list[str]:
    code = _CALL.replace("STOP", str(stop)).replace("ARGUMENTS", _ARGUMENTS)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300,
                            env={**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(cache)})
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def test_compiling_is_told_the_first_time_only(tmp_path: Path) -> None:
    assert printed(tmp_path) == ["[('kernels', 1, 0)] 1"]
    assert printed(tmp_path) == ["[] 1"]


def test_work_can_be_stopped_while_kernels_are_compiled(tmp_path: Path) -> None:
    assert printed(tmp_path, stop=True) == ["stopped", "[('kernels', 1, 0)] 1"]
