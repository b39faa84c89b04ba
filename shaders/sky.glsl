// The backdrop, one triangle over the whole view: sky, and the ground to the horizon. It lies behind
// everything (at depth 1): whatever else there is stands above the ground.

#ifdef VERTEX

uniform mat4 modelMatrix;       // world_from_scene

out vec3 vDirection;            // from the eye, scene space, not normalised
flat out vec3 vEye;             // scene space
flat out vec3 vAir;             // radius of the city, metres; when its air begins

void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  vec3 view = vec3((corner.x + projectionMatrix[2][0]) / projectionMatrix[0][0],
                   (corner.y + projectionMatrix[2][1]) / projectionMatrix[1][1], -1.0);
  mat3 turn = mat3(modelMatrix);
  float scale = dot(turn[0], turn[0]);
  vDirection = (view * mat3(viewMatrix)) * turn / scale;
  vEye = (cameraPosition - modelMatrix[3].xyz) * turn / scale;
  vAir = vec3(sceneRadius(), airBefore(vEye));
  gl_Position = vec4(corner, 1.0, 1.0);
}

#else

in vec3 vDirection;
flat in vec3 vEye;
flat in vec3 vAir;

layout(location = 0) out vec4 outColour;

// Lines of a grid, at a place in units of its spacing, of which a pixel is 1 / `fine` wide.
float grid(vec2 place, vec2 fine, float half_) {
  vec2 away = abs(fract(place + 0.5) - 0.5);
  vec2 cover = clamp((half_ - away) * fine + 0.5, vec2(0.0), min(2.0 * half_ * fine, 1.0));
  return max(cover.x, cover.y);
}

void main() {
  vec3 direction = normalize(vDirection);
  float up = max(direction.y, 0.0);
  vec3 zenith = byHour(vec3(0.0022, 0.0035, 0.0088), vec3(0.480, 0.590, 0.720));
  vec3 dusk = byHour(vec3(0.0110, 0.0120, 0.0150), vec3(0.060, 0.045, 0.020));
  vec3 air = horizonColour();
  float left = 1.0 - min(up * 1.15, 1.0);
  vec3 sky = mix(zenith, air, left * left * sqrt(left)) + dusk * falling(up * 11.0);

  // Both sides are computed, so that derivatives are whole on the horizon. In radii of the city:
  float away = vEye.y / (max(-direction.y, 1e-5) * vAir.x);
  vec2 place = vEye.xz / vAir.x + direction.xz * away;
  vec2 fine = 1.0 / max(fwidth(place), vec2(1e-9));
  // Distance from the city's outline: a light pool around it, a shadow at its foot.
  vec2 centre = 0.5 * (sceneBounds.xy + sceneBounds.zw), half_ = sceneBounds.zw - centre;
  float outside = length(max(abs(place - centre / vAir.x) - half_ / vAir.x, 0.0));
  float round_ = max(length((place - centre / vAir.x) / (half_ / vAir.x)) - 1.0, 0.0) * 0.7;
  outside = mix(outside, round_, roundness);
  float pool = falling(outside * 1.6);

  vec3 ground = byHour(vec3(0.0125, 0.0165, 0.0270), vec3(0.720, 0.722, 0.712));
  ground += byHour(vec3(0.0130, 0.0150, 0.0190), vec3(0.090, 0.088, 0.080)) * pool * pool;
  ground *= 1.0 - mix(0.55, 0.22, daylight) * falling(outside * mix(42.0, 7.0, roundness)) * (1.0 - 0.4 * roundness);
  float lines = max(grid(place * 8.0, fine * 0.125, 0.004), 0.45 * grid(place * 32.0, fine * 0.03125, 0.009));
  lines *= pool * min(outside * 33.0, 1.0);
  ground += lines * byHour(vec3(0.022, 0.028, 0.042), vec3(-0.075));
  float over = length(direction.xz) * away * vAir.x;
  ground = mix(ground, air, airOver(over, vAir.yz));

  // One pixel of transition where ground meets sky.
  float horizon = clamp(0.5 - direction.y / max(fwidth(direction.y), 1e-6), 0.0, 1.0);
  outColour = encode(mix(sky, ground, vEye.y > 0.0 ? horizon : 0.0));
}

#endif
