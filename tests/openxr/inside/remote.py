"""Injects a head, two controllers and two hands into Monado's "remote" driver."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field

_HEADER = b"mndrmt3\0"
_VIEW, _HEAD = struct.Struct("<4f7fI"), struct.Struct("<7f?3x")
_CONTROLLER = struct.Struct("<7f6f5f8f13?3x")
_SIZE = 8 + 2 * _VIEW.size + _HEAD.size + 2 * _CONTROLLER.size
#: Flags of a controller in the driver's order.
_FLAGS = (
    "fingers", "active", "system", "system_touch", "a", "a_touch", "b", "b_touch", "trigger_click",
    "trigger_touch", "stick_press", "stick_touch", "trackpad_touch",
)  # fmt: skip


@dataclass
class Controller:
    position: tuple[float, float, float] = (0.0, 0.0, 0.0)
    orientation: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 1.0)
    curl: tuple[float, ...] = (0.0,) * 5
    trigger: float = 0.0
    squeeze: float = 0.0
    stick: tuple[float, float] = (0.0, 0.0)
    flags: set[str] = field(default_factory=lambda: {"active"})

    def pack(self) -> bytes:
        return _CONTROLLER.pack(
            *self.orientation, *self.position, *(0.0,) * 6, *self.curl,
            self.trigger, self.squeeze, 0.0, *self.stick, 0.0, 0.0, 0.0,
            *(name in self.flags for name in _FLAGS),
        )  # fmt: skip


class Remote:
    """A person: what is set here is seen after `send`."""

    def __init__(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", 4242), 5)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        first = self._receive()
        self._receive()
        self.views = [list(_VIEW.unpack_from(first, 8 + i * _VIEW.size)) for i in range(2)]
        self._views = [list(view) for view in self.views]
        self.own_views = False
        self._start()

    def _start(self) -> None:
        self.head_position = (0.0, 1.6, 0.0)
        self.head_orientation = (0.0, 0.0, 0.0, 1.0)
        self.left = Controller((-0.25, 1.2, -0.3))
        self.right = Controller((0.25, 1.2, -0.3))

    def reset(self) -> None:
        self.views, self.own_views = [list(view) for view in self._views], False
        self._start()
        self.send()

    def _receive(self) -> bytes:
        data = b""
        while len(data) < _SIZE:
            part = self._socket.recv(_SIZE - len(data))
            if not part:
                raise ConnectionResetError("The remote driver hung up.")
            data += part
        return data

    def send(self) -> None:
        views = b"".join(_VIEW.pack(*view) for view in self.views)
        head = _HEAD.pack(*self.head_orientation, *self.head_position, self.own_views)
        self._socket.sendall(_HEADER + views + head + self.left.pack() + self.right.pack())

    def close(self) -> None:
        self._socket.close()
