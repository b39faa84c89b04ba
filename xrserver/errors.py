"""Every error xrserver raises on purpose, as one tree.

The message of each is one sentence for a person: what failed, which value, what to do.
``exit_code`` is what the command line returns for it (section "Public surface" of
ARCHITECTURE.md); ``close_code`` is the WebSocket close code for errors of the wire.

::

    XrserverError                  our fault unless a subclass says otherwise   exit 1
    ├── UsageError                 what was asked for cannot be                 exit 2
    │   ├── NotARepository
    │   ├── EmptyRepository
    │   ├── UnreadableRepository
    │   ├── UnknownMoment
    │   ├── UnknownPath
    │   ├── AddressInUse
    │   ├── SceneError             a scene file is wrong: file, line, remedy
    │   └── CameraError            so is the file of a camera's path
    ├── WireError                  a message breaks the protocol                close 4400
    │   ├── DeviceRevoked                                                       close 4401
    │   ├── SchemaMismatch                                                      close 4406
    │   ├── MessageTooLarge                                                     close 4413
    │   └── TooManyMessages                                                     close 4429
    ├── UnknownTile                answered with an ``error`` message, no close
    ├── ConnectionLost             a viewer's server is gone                    exit 1
    ├── NoRuntime                  no OpenXR runtime                            exit 3
    └── NoDisplay                  no display, or no OpenGL 3.3                 exit 4
"""

from __future__ import annotations


class XrserverError(Exception):
    """Base of all errors raised on purpose."""

    exit_code = 1


class UsageError(XrserverError):
    """What was asked for cannot be: bad arguments, or nothing there."""

    exit_code = 2


class NotARepository(UsageError):
    """The path holds no git repository."""


class EmptyRepository(UsageError):
    """The repository, or the ref asked for, has no commits yet."""


class UnreadableRepository(UsageError):
    """Objects are missing, corrupt or in a format that neither git nor libgit2 reads."""


class UnknownMoment(UsageError):
    """A moment (``rank:N``, object id, ref or date) that names nothing here."""


class UnknownPath(UsageError):
    """A path that does not stand at the moment asked for."""


class AddressInUse(UsageError):
    """Another program listens on the host and port."""


class SceneError(UsageError):
    """A scene file is wrong; the message names file, line and remedy."""


class CameraError(UsageError):
    """The file of a camera's path is wrong; the message names file, line and remedy."""


class WireError(XrserverError):
    """What one side sends may not be; the connection is closed with the reason."""

    close_code = 4400


class DeviceRevoked(WireError):
    """The device may come in no more: it has to be paired again."""

    close_code = 4401


class SchemaMismatch(WireError):
    """The two sides speak different versions of the protocol."""

    close_code = 4406


class MessageTooLarge(WireError):
    """A message is larger than the receiver allows."""

    close_code = 4413


class TooManyMessages(WireError):
    """Messages come faster than the receiver allows."""

    close_code = 4429


class UnknownTile(XrserverError):
    """A tile id that belongs to no scene being served."""


class ConnectionLost(XrserverError):
    """The server a viewer was connected to cannot be reached (any more)."""


class NoRuntime(XrserverError):
    """No OpenXR runtime is installed or running."""

    exit_code = 3


class NoDisplay(XrserverError):
    """There is no display, or it offers no OpenGL 3.3."""

    exit_code = 4
