// The light that everything stands in: goes between the preamble and every body that draws.
// All colours here are linear; `encode` makes the sRGB that is written. Squares and square roots
// stand for sRGB's curve: no eye tells them apart here, and they cost a tenth.

#ifndef VERTEX

uniform float daylight;       // 0 night, 1 day
uniform vec4 sceneBounds;     // min x, min z, max x, max z of the city; metres, scene space

vec3 decode(vec3 srgb) { return srgb * srgb; }

// Half a byte of noise keeps dark gradients free of bands.
vec4 encode(vec3 linear) {
  vec3 srgb = sqrt(max(linear, 0.0));
  float noise = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
  return vec4(srgb + (noise - 0.5) / 255.0, 1.0);
}

vec3 byHour(vec3 night, vec3 day) { return mix(night, day, daylight); }

// Hemisphere light, one key light, and a faint cool one from behind, so that no two sides are alike.
vec3 lightOn(vec3 normal) {
  const vec3 key = vec3(0.6962, 0.6497, 0.3054);
  const vec3 fill = vec3(-0.4201, 0.1050, -0.9014);
  float hemisphere = 0.5 + 0.5 * normal.y;
  vec3 sky = byHour(vec3(0.40, 0.50, 0.76), vec3(0.66, 0.70, 0.78));
  vec3 bounce = byHour(vec3(0.15, 0.165, 0.22), vec3(0.42, 0.405, 0.39));
  vec3 sun = byHour(vec3(0.66, 0.59, 0.50), vec3(0.50, 0.46, 0.38));
  vec3 cool = byHour(vec3(0.050, 0.075, 0.130), vec3(0.040, 0.050, 0.070));
  return mix(bounce, sky, hemisphere) + sun * max(dot(normal, key), 0.0) + cool * max(dot(normal, fill), 0.0);
}

vec3 horizonColour() { return byHour(vec3(0.0125, 0.0190, 0.0370), vec3(0.800, 0.825, 0.845)); }

// The sky in a direction (unit, scene space).
vec3 skyColour(vec3 direction) {
  float up = max(direction.y, 0.0);
  vec3 zenith = byHour(vec3(0.0022, 0.0035, 0.0088), vec3(0.480, 0.590, 0.720));
  vec3 dusk = byHour(vec3(0.0110, 0.0120, 0.0150), vec3(0.060, 0.045, 0.020));
  float left = 1.0 - min(up * 1.15, 1.0);
  vec3 colour = mix(zenith, horizonColour(), left * left * sqrt(left));
  return colour + dusk * exp(-up * 11.0);
}

float sceneRadius() { return 0.5 * length(sceneBounds.zw - sceneBounds.xy); }

// How much of the horizon's colour lies over what is `away` metres from the eye. Where the eye
// stands back to see the whole city as a model, the air begins behind it.
float fogOver(float away, vec3 eye) {
  float radius = sceneRadius();
  vec2 middle = 0.5 * (sceneBounds.xy + sceneBounds.zw);
  float back = length(eye - vec3(middle.x, 0.0, middle.y)) / radius;
  float depth = max(away / radius - 0.45 - 0.85 * back, 0.0);
  return 1.0 - exp(-0.30 * depth * sqrt(depth));
}

vec3 inAir(vec3 colour, float away, vec3 eye) {
  return mix(colour, horizonColour(), fogOver(away, eye));
}

// How much of a pixel `pixel` wide is covered, at `distance` from the middle of a line of half
// width `half_`: exact to first order, so that what is thinner than a pixel fades instead of
// shimmering.
float lineCover(float distance, float half_, float pixel) {
  float low = max(distance - 0.5 * pixel, -half_);
  float high = min(distance + 0.5 * pixel, half_);
  return clamp((high - low) / max(pixel, 1e-9), 0.0, 1.0);
}

#endif
