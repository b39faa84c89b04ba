// Where the playhead stands on the river: a thin sheet of light across all lanes. One quad, blended.

#ifdef VERTEX

uniform mat4 modelMatrix;       // world_from_scene
uniform vec3 gatePlace;         // on the mainline, scene space
uniform vec3 gateAcross;        // from there to the outermost lane

out vec2 vPlace;                // across, −1 … 1; up, 0 … 1

void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  vPlace = vec2(corner.x * 2.0 - 1.0, corner.y);
  float wide = length(gateAcross);
  vec3 scene = gatePlace + gateAcross * (1.12 * vPlace.x) + vec3(0.0, wide * (0.9 * corner.y - 0.08), 0.0);
  gl_Position = projectionMatrix * (viewMatrix * (modelMatrix * vec4(scene, 1.0)));
}

#else

in vec2 vPlace;

layout(location = 0) out vec4 outColour;

void main() {
  vec2 wide = max(fwidth(vPlace), vec2(1e-6));
  float left = 1.0 - abs(vPlace.x);
  float foot = clamp(1.0 - vPlace.y / max(2.5 * wide.y, 0.006), 0.0, 1.0);
  float fade = (1.0 - vPlace.y) * (1.0 - vPlace.y);
  // Beside somebody in life size it would be a wall before the sky: of that only the foot stays.
  fade *= clamp(320.0 * wide.y - 0.25, 0.0, 1.0);
  float strength = max(max(0.20 * fade, 0.85 * foot), 0.5 * fade * clamp(1.0 - left / (2.0 * wide.x), 0.0, 1.0));
  outColour = vec4(byHour(vec3(1.0, 0.80, 0.50), vec3(0.86, 0.45, 0.18)), strength);
}

#endif
