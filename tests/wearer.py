"""Somebody who wears an emulated headset, whose hands hold controllers or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pytest
from headset import Headset, Side

from xrserver import spaces
from xrserver.spaces import Pose, Vector

CENTIMETRE = 0.01
HEAD = np.array([0.0, 1.6, 0.0])
SKY = 1.2  # radians upwards
MODELS = ("metaQuest2", "metaQuest3", "metaQuestPro")

Input = Literal["controllers", "hands"]
#: Writes down in `felt` what controllers are made to let one feel.
FEEL = """() => {
    (window.felt ??= []).length = 0;
    for (const { handedness, gamepad } of device.activeSession.inputSources) {
        const actuator = gamepad?.hapticActuators?.[0];
        if (!actuator?.pulse || Object.hasOwn(actuator, "pulse")) continue; // fingers; by an earlier test
        const pulse = actuator.pulse.bind(actuator);
        actuator.pulse = (strength, milliseconds) => {
            felt.push([handedness, strength, milliseconds]);
            return pulse(strength, milliseconds);
        };
    }
}"""
#: An emulated headset, and what its wearer's hands hold.
Worn = tuple[str, Input]


def every(*always: Worn) -> pytest.MarkDecorator:
    """Parametrize a story by every Quest, with hands and with controllers; only `always` is not slow."""
    kinds: tuple[Input, ...] = ("controllers", "hands")
    return pytest.mark.parametrize(("model", "kind"), [
        pytest.param(model, kind, id=f"{model}-{kind}",
                     marks=() if (model, kind) in always else pytest.mark.slow)
        for model in MODELS for kind in kinds])


def every_model(always: str) -> pytest.MarkDecorator:
    """Parametrize by every Quest; only `always` is not slow."""
    return pytest.mark.parametrize("model", [
        pytest.param(model, marks=() if model == always else pytest.mark.slow) for model in MODELS])


def apart(a: Vector, b: Vector) -> float:
    """Metres between two points."""
    return spaces.length(spaces.subtract(a, b))


def level(pose: Pose) -> bool:
    """Whether up is up."""
    return abs(spaces.rotate(pose.orientation, (0, 1, 0))[1] - 1) < 1e-9


@dataclass
class Wearer:
    """Somebody whose hands hold controllers, or nothing."""

    worn: Headset
    kind: Input

    async def hold(self, side: Side, x: float, y: float, z: float, yaw: float = 0, pitch: float = SKY,
                   frames: int = 2) -> None:
        """Hold a hand somewhere, pointing at the sky."""
        move = self.worn.hand if self.kind == "hands" else self.worn.controller
        await move(side, x, y, z, yaw, pitch, frames)

    async def take(self, side: Side, closed: bool = True) -> None:
        """Take hold of the world, or let go of it."""
        if self.kind == "hands":
            await self.worn.ramp_pinch(side, float(closed))
        else:
            await self.worn.press(side, "squeeze", float(closed))

    async def press(self, side: Side) -> None:
        """Press what is pointed at."""
        for value in (1.0, 0.0):
            if self.kind == "hands":
                await self.worn.ramp_pinch(side, value)
            else:
                await self.worn.press(side, "trigger", value)
