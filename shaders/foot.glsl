// Over passthrough the city has no ground of its own: what ties its plate to a real table is the
// shadow around its foot, and while it is being placed a line around it. One quad, premultiplied alpha.

#ifdef VERTEX

uniform mat4 modelMatrix;       // world_from_scene

out vec2 vPlace;                // metres from the city's middle, scene space
flat out vec3 vHalf;            // half the city, and half its diagonal

void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0;
  vec2 middle = 0.5 * (sceneBounds.xy + sceneBounds.zw);
  vHalf.xy = 0.5 * (sceneBounds.zw - sceneBounds.xy);
  vHalf.z = length(vHalf.xy);
  vPlace = corner * (vHalf.xy + 0.2 * vHalf.z);
  vec4 scene = vec4(middle.x + vPlace.x, 0.0, middle.y + vPlace.y, 1.0);
  gl_Position = projectionMatrix * (viewMatrix * (modelMatrix * scene));
}

#else

uniform float shade;            // how dark the shadow is; 0 where black cannot be shown
uniform vec4 outline;           // linear colour and strength of the line around the plate

in vec2 vPlace;
flat in vec3 vHalf;

layout(location = 0) out vec4 outColour;

void main() {
  vec2 beyond = abs(vPlace) - vHalf.xy;
  float away = length(max(beyond, 0.0)) / vHalf.z;      // radii
  float fine = 1.0 / max(fwidth(away), 1e-6);
  if (max(beyond.x, beyond.y) < 0.0) discard;
  // Darkest where plate and table meet, gone before the quad ends.
  float edge = 1.0 - smoothstep(0.0, 0.19, away);
  float dark = shade * edge * (0.55 * exp(-away * 60.0) + 0.45 * exp(-away * 14.0));
  float line = outline.a * lineCover(abs(away - 0.045), 0.007, fine);
  outColour = vec4(sqrt(outline.rgb) * line, line + dark * (1.0 - line));
}

#endif
