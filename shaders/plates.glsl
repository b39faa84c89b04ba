// The districts: plates with a thin light rim, darker towards their foot. They are large: the air
// over them is different from place to place.

in vec4 vPlace;
in vec3 vFromEye;
flat in vec4 vExtent;
flat in vec3 vBase;
flat in vec2 vAir;

layout(location = 0) out vec4 outColour;

void main() {
  float edge = min(min(vExtent.x - abs(vPlace.x), vExtent.y - vPlace.y), vExtent.z - abs(vPlace.z));
  float rim = lineCover(edge, vExtent.w, 1.0 / max(fwidth(edge), 1e-6));
  vec3 colour = vBase * (0.55 + 0.45 * vPlace.w) + rim * byHour(vec3(0.030, 0.042, 0.066), vec3(0.07));
  outColour = encode(mix(colour, horizonColour(), airOver(length(vFromEye), vAir)));
}
