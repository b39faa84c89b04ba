// The backdrop, one triangle over the whole view: sky, and the ground to the horizon. It lies behind
// everything (at depth 1): whatever else there is stands above the ground.

#ifdef VERTEX

uniform mat4 modelMatrix;       // world_from_scene
uniform mat4 viewMatrix;
uniform mat4 projectionMatrix;
uniform vec3 cameraPosition;    // the eye, world space

out vec3 vDirection;            // from the eye, scene space, not normalised
flat out vec3 vEye;             // scene space

void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  vec3 view = vec3((corner.x + projectionMatrix[2][0]) / projectionMatrix[0][0],
                   (corner.y + projectionMatrix[2][1]) / projectionMatrix[1][1], -1.0);
  mat3 turn = mat3(modelMatrix);
  float scale = dot(turn[0], turn[0]);
  vDirection = (view * mat3(viewMatrix)) * turn / scale;
  vEye = (cameraPosition - modelMatrix[3].xyz) * turn / scale;
  gl_Position = vec4(corner, 1.0, 1.0);
}

#else

in vec3 vDirection;
flat in vec3 vEye;

layout(location = 0) out vec4 outColour;

// Lines of a grid with this spacing, at a point of the ground `pixel` metres wide on each axis.
float grid(vec2 place, float spacing, vec2 pixel, float half_) {
  vec2 away = abs(fract(place / spacing + 0.5) - 0.5) * spacing;
  return max(lineCover(away.x, half_, pixel.x), lineCover(away.y, half_, pixel.y));
}

void main() {
  vec3 direction = normalize(vDirection);
  vec3 sky = skyColour(direction);
  // Both sides are computed, so that derivatives are whole on the horizon.
  float drop = max(-direction.y, 1e-5);
  float away = vEye.y / drop;
  vec2 place = vEye.xz + direction.xz * away;
  vec2 pixel = fwidth(place);
  float radius = sceneRadius();

  // Distance from the city's outline, in radii: a light pool around it, a shadow at its foot.
  vec2 centre = 0.5 * (sceneBounds.xy + sceneBounds.zw);
  vec2 beyond = max(abs(place - centre) - 0.5 * (sceneBounds.zw - sceneBounds.xy), 0.0);
  float outside = length(beyond) / radius;

  vec3 ground = byHour(vec3(0.0125, 0.0165, 0.0270), vec3(0.720, 0.722, 0.712));
  ground += byHour(vec3(0.0130, 0.0150, 0.0190), vec3(0.090, 0.088, 0.080)) * exp(-outside * 3.2);
  ground *= 1.0 - mix(0.55, 0.22, daylight) * exp(-outside * 42.0);
  float spacing = radius * 0.125;
  float lines = max(grid(place, spacing, pixel, radius * 0.0005),
                    0.45 * grid(place, spacing * 0.25, pixel, radius * 0.00028));
  lines *= exp(-outside * 1.5) * smoothstep(0.0, 0.03, outside);
  ground += lines * byHour(vec3(0.022, 0.028, 0.042), vec3(-0.075));
  ground = inAir(ground, length(place - vEye.xz), vEye);

  // One pixel of transition where ground meets sky.
  float horizon = clamp(0.5 - direction.y / max(fwidth(direction.y), 1e-6), 0.0, 1.0);
  outColour = encode(mix(sky, ground, vEye.y > 0.0 ? horizon : 0.0));
}

#endif
