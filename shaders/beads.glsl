// The commits: discs shaded as balls; a ring around the one that is selected or pointed at. Blended.

in vec2 vDisc;
flat in vec3 vRight;
flat in vec3 vUp;
flat in vec3 vToward;
flat in vec4 vBase;
flat in vec4 vGlow;

layout(location = 0) out vec4 outColour;

void main() {
  float from = length(vDisc);
  float fine = 1.0 / max(fwidth(from), 1e-6);
  // What is smaller than a pixel stays a spark.
  float cover = sqrt(lineCover(from, 1.0, fine));
  vec3 normal = vRight * vDisc.x + vUp * vDisc.y + vToward * sqrt(max(1.0 - from * from, 0.0));
  vec3 colour = vBase.rgb * lightOn(normalize(normal)) + vGlow.rgb;
  // Some pixels beyond its rim, however small it is.
  float ring = min(vGlow.w, 1.0) * lineCover(abs(from - 1.0 - 4.0 / fine), (vGlow.w > 1.5 ? 1.5 : 1.0) / fine, fine);
  vec3 accent = vGlow.w > 1.5 ? byHour(vec3(0.30, 0.80, 1.00), vec3(0.00, 0.20, 0.46))
                              : byHour(vec3(0.90, 0.94, 1.00), vec3(0.03, 0.04, 0.06));
  colour = mix(mix(colour, horizonColour(), vBase.a), accent, ring);
  outColour = vec4(encode(colour).rgb, max(cover, ring));
}
