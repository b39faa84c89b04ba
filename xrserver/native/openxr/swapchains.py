"""Pictures that the runtime owns: swapchains, and the many-sampled targets that are resolved into them.

ModernGL draws; the four calls of raw OpenGL here give framebuffers a depth buffer of the runtime's
own format, which ModernGL cannot name.
"""

from __future__ import annotations

import ctypes
from typing import Any

import moderngl
from OpenGL import GL

from xrserver.errors import NoRuntime
from xrserver.native.openxr.api import raw, xr
from xrserver.native.openxr.runtime import check
from xrserver.spaces import Pose

#: 8 bits a colour, in sRGB, which is what the shaders write.
_SRGB8_ALPHA8 = 0x8C43
#: Depth without stencil, the finest first: 32 bits of float, 24, 16.
_DEPTHS = (0x8CAC, 0x81A6, 0x81A5)
_FOREVER = xr.SwapchainImageWaitInfo(timeout=xr.INFINITE_DURATION)
_COLOUR_USE = xr.SwapchainUsageFlags.COLOR_ATTACHMENT_BIT | xr.SwapchainUsageFlags.SAMPLED_BIT
_DEPTH_USE = xr.SwapchainUsageFlags.DEPTH_STENCIL_ATTACHMENT_BIT


class Chain:
    """A swapchain: its images by OpenGL's numbers, one of which is ours at a time.

    Attributes
    ----------
    images : list of int
    current : int
        The image that is ours; meaningless between frames.
    """

    def __init__(self, session: Any, size: tuple[int, int], form: int, usage: Any) -> None:
        self.handle: Any = xr.create_swapchain(session, xr.SwapchainCreateInfo(
            usage_flags=usage, format=form, sample_count=1, width=size[0], height=size[1], face_count=1,
            array_size=1, mip_count=1))
        images: Any = xr.enumerate_swapchain_images(self.handle, xr.SwapchainImageOpenGLKHR)
        self.images = [int(image.image) for image in images]
        self._index = ctypes.c_uint32()

    @property
    def current(self) -> int:
        """The image that is ours, by its place in `images`."""
        return self._index.value

    def acquire(self) -> None:
        """Take the next image, and wait until it is free."""
        check(raw.xrAcquireSwapchainImage(self.handle, None, ctypes.byref(self._index)))
        check(raw.xrWaitSwapchainImage(self.handle, ctypes.byref(_FOREVER)))

    def release(self) -> None:
        """Give the image to the runtime."""
        check(raw.xrReleaseSwapchainImage(self.handle, None))

    def sub_image(self, size: tuple[int, int]) -> Any:
        """Return what layers refer to it by."""
        return xr.SwapchainSubImage(swapchain=self.handle, image_rect=xr.Rect2Di(
            offset=xr.Offset2Di(0, 0), extent=xr.Extent2Di(*size)))


def colour_format(session: Any) -> int:
    """Return the format of colours.

    Raises
    ------
    NoRuntime
        The runtime has no sRGB.
    """
    if _SRGB8_ALPHA8 not in formats(session):
        raise NoRuntime("This OpenXR runtime takes no sRGB pictures by OpenGL, so colours would be wrong. "
                        "Choose SteamVR or Monado as the OpenXR runtime.")
    return _SRGB8_ALPHA8


def depth_format(session: Any) -> int:
    """Return the finest format of depth that there is; 0 for none."""
    here = formats(session)
    return next((form for form in _DEPTHS if form in here), 0)


def formats(session: Any) -> list[int]:
    """Return the formats that the runtime's swapchains may have."""
    found: Any = xr.enumerate_swapchain_formats(session)
    return [int(form) for form in found]


class Picture:
    """What one eye (or one part of its view) is drawn into, and where that goes.

    Parameters
    ----------
    samples : int
        A pixel's.
    depth : int
        OpenGL's format of depth for the runtime; 0 gives it none.

    Attributes
    ----------
    target : moderngl.Framebuffer
        Drawn into.
    colour, depth : Chain, Chain or None
    """

    def __init__(self, context: moderngl.Context, session: Any, size: tuple[int, int], samples: int,
                 depth: int) -> None:
        self.size = size
        self._context = context
        self.colour = Chain(session, size, colour_format(session), _COLOUR_USE)
        self.depth = Chain(session, size, depth, _DEPTH_USE) if depth else None
        self._renderbuffer = context.renderbuffer(size, 4, samples=samples)
        self.target: moderngl.Framebuffer = context.framebuffer([self._renderbuffer])
        self._own_depth = _attach_depth(self.target, size, samples, depth or _DEPTHS[0])
        #: By the places of a colour and a depth image: made when they first come together.
        self._wrapped: dict[tuple[int, int], moderngl.Framebuffer] = {}

    def resolve(self) -> None:
        """Put what was drawn into the runtime's next image."""
        self.colour.acquire()
        if self.depth is not None:
            self.depth.acquire()
        key = self.colour.current, self.depth.current if self.depth is not None else 0
        wrapped = self._wrapped.get(key)
        if wrapped is None:
            wrapped = self._wrapped[key] = self._wrap(*key)
        self._context.copy_framebuffer(wrapped, self.target)
        self.colour.release()
        if self.depth is not None:
            self.depth.release()

    def _wrap(self, colour: int, depth: int) -> moderngl.Framebuffer:
        texture = self._context.external_texture(self.colour.images[colour], self.size, 4, 0, "f1")
        wrapped: moderngl.Framebuffer = self._context.framebuffer([texture])
        if self.depth is not None:
            GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, wrapped.glo)
            GL.glFramebufferTexture2D(GL.GL_FRAMEBUFFER, GL.GL_DEPTH_ATTACHMENT, GL.GL_TEXTURE_2D,
                                      self.depth.images[depth], 0)
            wrapped.depth_mask = True
            self.target.use()
        return wrapped

    def close(self) -> None:
        """Let go of what is ours; the runtime's images go with the session."""
        for wrapped in self._wrapped.values():
            wrapped.release()
        self._wrapped.clear()
        self.target.release()
        self._renderbuffer.release()
        GL.glDeleteRenderbuffers(1, [self._own_depth])


def _attach_depth(target: moderngl.Framebuffer, size: tuple[int, int], samples: int, form: int) -> int:
    """Give a framebuffer a depth buffer of a format that ModernGL cannot name; return its number."""
    number = int(GL.glGenRenderbuffers(1))
    GL.glBindRenderbuffer(GL.GL_RENDERBUFFER, number)
    GL.glRenderbufferStorageMultisample(GL.GL_RENDERBUFFER, samples, form, *size)
    GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, target.glo)
    GL.glFramebufferRenderbuffer(GL.GL_FRAMEBUFFER, GL.GL_DEPTH_ATTACHMENT, GL.GL_RENDERBUFFER, number)
    target.depth_mask = True
    target.use()
    return number


class Sheet:
    """A flat picture that hangs in the room: a quad layer, as sharp as the runtime can make it.

    Attributes
    ----------
    target : moderngl.Framebuffer
        Drawn into, then `show` gives it to the runtime; it keeps what it was last given.
    texture : moderngl.Texture
        What was drawn.
    pose, metres : Pose, (float, float)
        Where it hangs, and how large.
    """

    def __init__(self, context: moderngl.Context, session: Any, size: tuple[int, int]) -> None:
        self.size = size
        self._context = context
        self.chain = Chain(session, size, colour_format(session), _COLOUR_USE)
        self.texture: moderngl.Texture = context.texture(size, 4)
        self._depth = context.depth_renderbuffer(size)
        self.target: moderngl.Framebuffer = context.framebuffer([self.texture], self._depth)
        self.pose, self.metres = Pose((0.0, 0.0, 0.0)), (0.0, 0.0)
        self._wrapped = [context.framebuffer([context.external_texture(image, size, 4, 0, "f1")])
                         for image in self.chain.images]
        self.layer = xr.CompositionLayerQuad(
            layer_flags=xr.CompositionLayerFlags.BLEND_TEXTURE_SOURCE_ALPHA_BIT,
            sub_image=self.chain.sub_image(size), pose=xr.Posef())

    def hang(self, pose: Pose, metres: tuple[float, float]) -> None:
        """Let it be seen so large at a place of the room."""
        layer = self.layer
        self.pose, self.metres = pose, metres
        (x, y, z), (qx, qy, qz, qw) = pose.position, pose.orientation
        layer.pose.position.x, layer.pose.position.y, layer.pose.position.z = x, y, z
        turn = layer.pose.orientation
        turn.x, turn.y, turn.z, turn.w = qx, qy, qz, qw
        layer.size.width, layer.size.height = metres

    def show(self) -> None:
        """Give what was drawn to the runtime."""
        self.chain.acquire()
        self._context.copy_framebuffer(self._wrapped[self.chain.current], self.target)
        self.chain.release()

    def close(self) -> None:
        """Let go of what is ours."""
        for wrapped in self._wrapped:
            wrapped.release()
        self.target.release()
        self.texture.release()
        self._depth.release()
