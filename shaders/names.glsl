// Names in the room, as somebody in a headset sees them: of a constant angle, level to the head and facing it.
// One instance for each rectangle and eye; no light.glsl.

#ifdef VERTEX

uniform mat4 modelMatrix;
uniform vec3 head;                 // between the eyes, in the room: both see the same rectangle
uniform vec3 sideways;             // to the head's right, level

in vec4 anchor;                    // x y z in scene space; opacity, negative of what stands within a quarter
in vec4 frame;                     // left, bottom, right, top in degrees from the anchor
in vec4 glyphs;                    // the same corners in the atlas, 0 … 1; a plain bar where left < 0

out vec2 vAtlas;
flat out float vOpacity;

void main() {
  vec2 corner = vec2(float(gl_VertexID & 1), float((gl_VertexID >> 1) & 1));
  vec3 at = (modelMatrix * vec4(anchor.xyz, 1.0)).xyz;
  float away = max(length(at - head), 1e-4);
  vec3 gaze = (at - head) / away;
  vec3 right = sideways - gaze * dot(sideways, gaze);
  right = dot(right, right) > 1e-6 ? normalize(right) : vec3(1.0, 0.0, 0.0);
  vec2 place = mix(frame.xy, frame.zw, corner) * away * 0.0174533;
  vec4 view = viewMatrix * vec4(at + right * place.x + cross(right, gaze) * place.y, 1.0);
  vec4 clip = projectionMatrix * view;
  // Seen where it is, but before what stands just in front of it: half a word says nothing.
  float depth = view.z * (anchor.w < 0.0 ? 0.96 : 0.86);
  clip.z = clamp((projectionMatrix[2][2] * depth + projectionMatrix[3][2]) / max(-depth, 1e-5), -0.9999, 1.0) * clip.w;
  gl_Position = anchor.w != 0.0 && view.z < 0.0 ? clip : vec4(2.0, 2.0, 2.0, 1.0);
  vAtlas = mix(glyphs.xy, glyphs.zw, corner);
  vOpacity = abs(anchor.w);
}

#else

uniform sampler2D atlas;           // red: the letters, green: their halo
uniform float daylight;

in vec2 vAtlas;
flat in float vOpacity;

layout(location = 0) out vec4 outColour;

void main() {
  // Ink on its halo: light on dark by night, dark on light by day.
  vec3 ink = mix(vec3(0.90, 0.93, 0.98), vec3(0.10, 0.13, 0.18), daylight);
  vec3 halo = mix(vec3(0.03, 0.045, 0.08), vec3(0.96, 0.96, 0.95), daylight);
  vec2 cover = texture(atlas, max(vAtlas, 0.0)).rg;
  float alpha = cover.r + cover.g * (1.0 - cover.r) * 0.86;
  vec4 letters = vec4(mix(halo, ink, cover.r / max(alpha, 1e-4)), alpha * vOpacity);
  outColour = vAtlas.x < 0.0 ? vec4(ink, 0.45 * vOpacity) : letters;
}

#endif
