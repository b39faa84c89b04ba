// The roofs: a parapet, and what they say of a building without colour (hatching for tests, planted
// beds for documentation).

in vec3 vPlace;
flat in vec3 vExtent;
flat in vec3 vBase;
flat in vec3 vRim;
flat in vec4 vPlanted;
flat in vec4 vPattern;

layout(location = 0) out vec4 outColour;

void main() {
  vec2 border = vExtent.xy - abs(vPlace.xy);             // metres to the nearer side
  float edge = min(border.x, border.y);
  float fine = 1.0 / max(fwidth(edge), 1e-6);
  float rim = clamp((vExtent.z - edge) * fine + 0.5, 0.0, 1.0);

  float along = dot(vPlace.xy, vPattern.xy);
  float wide = fwidth(along);
  float stripe = lineCover(abs(fract(along) - 0.5), vPattern.z, 1.0 / max(wide, 1e-5));
  float inset = clamp((edge - 0.24 * min(vExtent.x, vExtent.y)) * fine + 0.5, 0.0, 1.0);
  float cover = inset * vPlanted.w * mix(stripe, vPattern.w, clamp(1.6 * wide - 0.5, 0.0, 1.0));

  vec3 colour = mix(vBase, vPlanted.rgb, cover) + rim * vRim;
  outColour = encode(mix(colour, horizonColour(), vPlace.z));
}
