// The edges between commits: strips shaded as if they were round; and the flat bed below them. Blended.

in vec3 vPlace;
in vec4 vBase;
flat in float vBed;

layout(location = 0) out vec4 outColour;

void main() {
  float aside = abs(vPlace.x);
  float fine = 1.0 / max(fwidth(vPlace.x), 1e-6);
  float cover = lineCover(aside, 1.0, fine);
  cover = mix(sqrt(cover), cover, vBed);
  float round_ = 0.55 + 0.45 * sqrt(max(1.0 - aside * aside, 0.0));
  // The bed is seen by its banks.
  float bank = lineCover(1.0 - aside, min(0.03, 1.5 / fine), fine);
  vec3 flat_ = vBase.rgb + bank * byHour(vec3(0.016, 0.022, 0.034), vec3(0.06));
  vec3 colour = mix(vBase.rgb * round_, flat_, vBed);
  colour = mix(colour, horizonColour(), vPlace.z);
  outColour = vec4(encode(colour).rgb, cover * mix(1.0, 0.85, vBed));
}
