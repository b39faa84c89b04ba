// The light that everything stands in: goes between the preamble and every body that draws.
// All colours here are linear; `encode` makes the sRGB that is written. Squares and square roots
// stand for sRGB's curve, and a rational for exp: no eye tells them apart here, and they cost a tenth.

uniform float daylight;       // 0 night, 1 day
uniform float haze;           // 1 where there is air between things and the eye, 0 over passthrough
uniform vec4 sceneBounds;     // min x, min z, max x, max z of the city; metres, scene space
uniform float roundness;      // 0 a city's plate, 1 a river's rounds

vec3 decode(vec3 srgb) { return srgb * srgb; }

vec3 byHour(vec3 night, vec3 day) { return mix(night, day, daylight); }

// 1 at 0, falling as exp(-x) does at first, and always towards 0; x >= 0.
float falling(float x) {
  float y = 1.0 / (1.0 + x * (0.25 + 0.03125 * x));
  y *= y;
  return y * y;
}

// How old a rank is: 1 the newest, 0 the first, by the logarithm of how many hundredths of the
// history ago it was.
float ageOf(float rank, float head) {
  float unit = 1.0 + 0.01 * head;
  return 1.0 - log2(1.0 + max(head - rank, 0.0) / unit) / log2(2.0 + head / unit);
}

// Newest light, oldest dark; steps of equal size look equally large (after cividis).
vec3 ageColour(float age) {
  vec3 srgb = vec3(0.0313, 0.1320, 0.3346) + age * (vec3(0.9243, 0.7066, 0.3033)
    + age * (vec3(-0.0721, -0.0592, 0.2881) + age * vec3(0.1163, 0.1357, -0.7170)));
  return decode(srgb);
}

vec3 horizonColour() { return byHour(vec3(0.0125, 0.0190, 0.0370), vec3(0.800, 0.825, 0.845)); }

float sceneRadius() { return 0.5 * length(sceneBounds.zw - sceneBounds.xy); }

// Where the air begins, and how fast it thickens: `airOver(metres from the eye, airBefore(eye))` is
// how much of the horizon's colour lies over a thing. Where the eye stands back to see the whole
// city as a model, the air begins behind it. The same for a whole picture: made in the vertex stage.
vec2 airBefore(vec3 eye) {
  float radius = sceneRadius();
  vec2 middle = 0.5 * (sceneBounds.xy + sceneBounds.zw);
  float back = length(eye - vec3(middle.x, 0.0, middle.y)) / radius;
  return vec2(haze / radius, 0.45 + 0.85 * back);
}

float airOver(float away, vec2 air) {
  float depth = max(away * air.x - air.y, 0.0);
  return 1.0 - falling(0.30 * depth * sqrt(depth));
}

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

#ifndef VERTEX

// Half a byte of noise keeps dark gradients free of bands.
vec4 encode(vec3 linear) {
  float noise = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
  return vec4(sqrt(linear) + (noise - 0.5) / 255.0, 1.0);
}

// How much of a pixel is covered at `away` from the middle of a line of half width `half_`, both in
// any unit of which a pixel is 1 / `fine` wide: exact to first order, so that what is thinner than a
// pixel fades instead of shimmering.
float lineCover(float away, float half_, float fine) {
  return clamp((half_ - away) * fine + 0.5, 0.0, min(2.0 * half_ * fine, 1.0));
}

#endif
