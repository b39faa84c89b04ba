// The façades: every floor a stratum of its building, oldest at the bottom, coloured by AUTHOR, AGE
// or KIND. Floors thinner than a pixel or two are drawn in stretches of 2, 4, 8 …, each as one of
// its floors; as the eye goes on, the one that is kept grows over its neighbour, so nothing flickers.
// There are no branches: a device that draws four fragments at once takes both sides of each.

uniform usampler2D uStrata;
uniform sampler2D uPeople;
uniform int playheadRank;
uniform float playheadFraction;
uniform float glowPerRank;
uniform int headRank;

in vec4 vPlace;
flat in vec4 vBays;
flat in vec4 vPlaster;
flat in vec4 vTint;
flat in vec4 vOwn;
flat in ivec4 vFloors;
flat in uvec2 vNewest;

layout(location = 0) out vec4 outColour;

// Rank and author of a floor; of those that are not known here, the newest's.
uvec2 stratumOf(int number) {
  int known = clamp(number, vFloors.y, vFloors.z);
  int i = max(vFloors.x + known, 0);
  uvec2 found = texelFetch(uStrata, ivec2(i & 2047, i >> 11), 0).xy;
  return known == number ? found : vNewest;
}

// Floors beside each other differ, by a little.
float shadeOf(int number) { return 0.93 + 0.13 * fract(float(number) * 0.618034 + vTint.w); }

vec3 authorColour(uint author) {
  int i = min(int(author), 256 * textureSize(uPeople, 0).y - 1);
  return texelFetch(uPeople, ivec2(i & 255, i >> 8), 0).rgb;
}

void main() {
  float height = vPlace.y;                               // in floors
  float along = dot(vPlace.xz, vBays.xy);                // in panels
  float wide = clamp(fwidth(height), 1e-5, 3e4);         // of a pixel, in floors
  float across = fwidth(along);                          // of a pixel, in panels
  float fine = 1.0 / wide;

  // Stretches of 1 << level floors, one to two pixels tall; `size` is 1 / their floors.
  int exponent = floatBitsToInt(max(2.0 * wide, 1.0)) & 0x7F800000;
  int level = (exponent >> 23) - 127;
  float size = intBitsToFloat(0x7F000000 - exponent);
  float grown = clamp(4.0 * wide * size - 3.0, 0.0, 1.0);
  int seed = int(vTint.w * 65536.0);
  // Of each two stretches one will be kept: where the border between them lies, 0 … 2.
  float border = ((seed >> level) & 1) == 1 ? 1.0 - grown : 1.0 + grown;

  // The stretches at the upper and the lower side of this pixel, and how much of it the lower fills.
  float middle = height * size;
  float upper = max(middle + 0.5 * wide * size, 0.0);
  float lower = max(middle - 0.5 * wide * size, 0.0);
  float upperPair = floor(0.5 * upper), lowerPair = floor(0.5 * lower);
  float upperSide = step(border, upper - 2.0 * upperPair);
  float lowerSide = step(border, lower - 2.0 * lowerPair);
  float share = clamp((2.0 * upperPair + upperSide * border - middle) * fine / size + 0.5, 0.0, 1.0);
  int kept = seed & ((1 << level) - 1);
  int above = min((int(2.0 * upperPair + upperSide) << level) + kept, vFloors.w);
  int below = min((int(2.0 * lowerPair + lowerSide) << level) + kept, vFloors.w);

  uvec2 one = stratumOf(above), other = stratumOf(below);
  float since = abs(float(playheadRank) + playheadFraction - mix(float(one.x), float(other.x), share));
#if defined(AUTHOR)
  vec3 tint = decode(mix(authorColour(one.y) * shadeOf(above), authorColour(other.y) * shadeOf(below), share));
#elif defined(AGE)
  vec3 tint = ageColour(ageOf(mix(float(one.x), float(other.x), share), float(headRank)));
  tint *= mix(shadeOf(above), shadeOf(below), share);
#else
  vec3 tint = vOwn.rgb * mix(shadeOf(above), shadeOf(below), share);
#endif
  float seen = clamp(1.5 - 0.95 * wide, 0.0, 1.0);       // how far single floors can be told apart
  float told = clamp(1.2 - 0.016 * wide, 0.0, 1.0);      // how far stretches can
  tint = mix(vOwn.rgb, tint, told);

  // Seams between floors, and panels as wide as a room, for scale.
  float seam = lineCover(abs(fract(height + 0.5) - 0.5), 0.035, fine) * clamp(1.5 - 2.7 * wide, 0.0, 1.0);
  seam *= step(0.5, height) * step(height, vBays.w - 0.4);
  float near = clamp(1.375 - 6.25 * across, 0.0, 1.0) * seen;
  float joint = lineCover(abs(fract(along + 0.5) - 0.5), 0.015, 1.0 / max(across, 1e-5)) * near;
  vec2 panel = fract(floor(vec2(along, height)) * vec2(0.7549, 0.5698) + vTint.w);
  float relief = (fract(panel.x * panel.y * 37.0) - 0.5) * near * clamp(1.33 - 3.3 * wide, 0.0, 1.0);
  float carved = 1.0 - (seam + 0.35 * joint * (1.0 - seam)) * mix(0.62, 0.34, daylight);

  float strength = mix(0.40, 0.30, daylight) + mix(0.24, 0.22, daylight) * seen;
  vec3 base = mix(vPlaster.rgb, tint * vTint.rgb, strength) * ((1.0 + 0.08 * relief) * carved);
  float open = min(0.2 + height * vPlaster.w, 1.0);
  open *= open * (3.0 - 2.0 * open);
  float rim = clamp((vBays.z - vBays.w + height) * fine + 0.5, 0.0, 1.0);
  vec3 colour = base * (mix(mix(0.22, 0.60, daylight), 1.0, open) + rim * mix(0.80, 0.10, daylight))
    + rim * byHour(vec3(0.020, 0.028, 0.044), vec3(0.10));

  // What changed lately shines: each new floor by itself, and the top of the building from afar.
  float top = clamp(2.0 * height / vBays.w - 1.0, 0.0, 1.0);
  float shine = max(vOwn.w * top * (0.85 - 0.4 * seen), falling(3.0 * glowPerRank * since) * seen);
  shine *= (1.0 - 0.4 * seam) * (1.0 + 0.3 * relief);
  float strong = shine * mix(0.50 + 1.7 * dot(base, vec3(0.3, 0.5, 0.2)), 0.72, daylight);
  colour = colour * (1.0 - 0.72 * daylight * min(shine, 1.0)) + byHour(vec3(1.00, 0.50, 0.155), vec3(0.98, 0.40, 0.09)) * strong;

  outColour = encode(mix(colour, horizonColour(), vPlace.w));
}
