"""What is seen of hands: rays, discs on what they meet, fingers, controllers, a throw's arc. One draw an eye.

Everything is a stroke: a line with round ends, turned towards the eye.
"""

from __future__ import annotations

import moderngl
import numpy as np

from xrserver import spaces
from xrserver.native.backend import View
from xrserver.native.overlay import OVER
from xrserver.native.uniforms import Uniforms
from xrserver.spaces import Vector

_VERTEX = """#version 330 core
uniform mat4 viewMatrix;
uniform mat4 projectionMatrix;
uniform vec3 cameraPosition;
in vec3 aFrom;
in vec3 aTo;
in float aRadius;
in vec4 aColour;
out vec2 vPlace;
flat out float vLength;
flat out vec4 vColour;
void main() {
  vec2 corner = vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1)) * 2.0 - 1.0;
  vec3 along = aTo - aFrom;
  float length_ = length(along);
  vec3 middle = corner.y > 0.0 ? aTo : aFrom;
  vec3 eye = cameraPosition - middle;
  vec3 way = length_ > 1e-5 ? along / length_ : normalize(cross(eye, vec3(0.31, 0.95, 0.02)));
  vec3 across = normalize(cross(way, eye));
  vec3 up = length_ > 1e-5 ? way : normalize(cross(eye, across));
  // As wide as a pixel or two of any headset: what is thinner shimmers.
  float radius = max(aRadius, 0.0007 * length(eye));
  vec3 place = middle + (across * corner.x + up * corner.y) * radius;
  vPlace = vec2(corner.x, corner.y > 0.0 ? length_ / radius + 1.0 : -1.0);
  vLength = length_ / radius;
  vColour = aColour;
  gl_Position = projectionMatrix * (viewMatrix * vec4(place, 1.0));
}
"""
_FRAGMENT = """#version 330 core
in vec2 vPlace;
flat in float vLength;
flat in vec4 vColour;
layout(location = 0) out vec4 outColour;
void main() {
  float over = max(max(-vPlace.y, vPlace.y - vLength), 0.0);
  float away = length(vec2(vPlace.x, over));
  float wide = fwidth(away);
  float alpha = vColour.a * (1.0 - smoothstep(1.0 - 1.5 * wide, 1.0, away));
  if (alpha < 0.004) discard;
  outColour = vec4(vColour.rgb * mix(1.0, 0.55, away * away), alpha);
}
"""
_SHADE_VERTEX = """#version 330 core
uniform mat4 projectionMatrix;
out vec2 vSlope;
void main() {
  vec2 place = vec2(float((gl_VertexID & 1) << 2), float((gl_VertexID & 2) << 1)) - 1.0;
  vSlope = (place + projectionMatrix[2].xy) / vec2(projectionMatrix[0].x, projectionMatrix[1].y);
  gl_Position = vec4(place, 0.0, 1.0);
}
"""
_SHADE_FRAGMENT = """#version 330 core
uniform float closed;
uniform float dark;
uniform float daylight;
in vec2 vSlope;
layout(location = 0) out vec4 outColour;
void main() {
  float inner = mix(1.5, 0.42, closed);
  float ring = closed > 0.0 ? smoothstep(inner, inner * 1.3 + 0.12, length(vSlope)) : 0.0;
  vec3 shade = mix(vec3(0.035, 0.045, 0.075), vec3(0.62, 0.65, 0.69), daylight);
  outColour = vec4(shade, max(ring, dark));
}
"""
_STROKE = np.dtype([("start", "<f4", 3), ("end", "<f4", 3), ("radius", "<f4"), ("colour", "<f4", 4)])
_MOST = 192

Colour = tuple[float, float, float, float]


class Strokes:
    """Collects strokes for a frame, and draws them into every view."""

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self._program = context.program(_VERTEX, _FRAGMENT)
        self._records = np.zeros(_MOST, _STROKE)
        self._buffer = context.buffer(reserve=self._records.nbytes, dynamic=True)
        self._array = context.vertex_array(
            self._program, [(self._buffer, "3f 3f 1f 4f /i", "aFrom", "aTo", "aRadius", "aColour")])
        self._shade = context.program(_SHADE_VERTEX, _SHADE_FRAGMENT)
        self._whole = context.vertex_array(self._shade, [])
        self._uniforms = Uniforms()
        self.count = 0

    def begin(self) -> None:
        """Start a frame."""
        self.count = 0

    def add(self, start: Vector, end: Vector, radius: float, colour: Colour) -> None:
        """Add a stroke, in the room; a point is a disc."""
        if self.count < _MOST:
            self._records[self.count] = (start, end, radius, colour)
            self.count += 1

    def upload(self) -> None:
        """Let what was added be drawn from now on."""
        if self.count:
            self._buffer.write(self._records[:self.count].data)

    def draw(self, view: View, closed: float, dark: float, daylight: float) -> None:
        """Draw over a view, with its vignette `closed` and all of it `dark` by so much, 0 … 1."""
        context = self._context
        context.disable(moderngl.CULL_FACE)
        context.enable(moderngl.DEPTH_TEST | moderngl.BLEND)
        # What shows through keeps its alpha: over passthrough, strokes are seen as over a city.
        context.blend_func = OVER
        view.target.depth_mask = False
        if self.count:
            self._uniforms.set(self._program, {
                "viewMatrix": spaces.view_matrix(view.world_from_eye), "projectionMatrix": view.projection,
                "cameraPosition": view.world_from_eye.position})
            self._array.render(moderngl.TRIANGLE_STRIP, vertices=4, instances=self.count)
        if closed > 0.0 or dark > 0.0:
            context.disable(moderngl.DEPTH_TEST)
            self._uniforms.set(self._shade, {
                "projectionMatrix": view.projection, "closed": closed, "dark": dark, "daylight": daylight})
            self._whole.render(moderngl.TRIANGLES, vertices=3)
        view.target.depth_mask = True
        context.disable(moderngl.BLEND)
