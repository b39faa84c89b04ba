// What is pointed at, selected, or lit up by the commit that is: drawn once more, over itself, as an outline; and the floor that is
// pointed at as a band. Blended over what is there.

uniform int selectedNode;
uniform int hoveredNode;
uniform int hoveredFloor;

in vec3 vPlace;
in float vHeight;
flat in vec3 vHalf;
flat in ivec2 vSelf;

layout(location = 0) out vec4 outColour;

void main() {
  bool chosen = vSelf.x == selectedNode;
  // Every edge of the box, in pixels, so that it is found from anywhere.
  vec3 pixels = (vHalf - abs(vPlace)) / max(fwidth(vPlace), vec3(1e-9));
  pixels[vSelf.y] = 1e3;
  float edge = min(pixels.x, min(pixels.y, pixels.z));
  float rim = 1.0 - smoothstep(chosen ? 1.8 : 0.8, chosen ? 2.8 : 1.8, edge);
  bool lit = !chosen && vSelf.x != hoveredNode;
  vec3 accent = chosen ? byHour(vec3(0.30, 0.80, 1.00), vec3(0.00, 0.20, 0.46))
                       : byHour(vec3(0.90, 0.94, 1.00), vec3(0.03, 0.04, 0.06));

  accent = lit ? byHour(vec3(1.00, 0.62, 0.24), vec3(0.80, 0.26, 0.03)) : accent;
  float wide = max(fwidth(vHeight), 1e-6);
  bool pointed = vSelf.x == hoveredNode && hoveredFloor >= 0 && vSelf.y != 1;
  float away = abs(vHeight - float(hoveredFloor) - 0.5);
  float half_ = max(0.5, 1.25 * wide);
  float band = pointed ? 0.42 * lineCover(away, half_, 1.0 / wide) : 0.0;
  float line = pointed ? 0.9 * lineCover(abs(away - half_), max(0.03, 0.6 * wide), 1.0 / wide) : 0.0;

  // From the lowest layer up: the band, its borders, the outline.
  vec4 layers = vec4(byHour(vec3(0.75, 0.78, 0.85), vec3(0.42)) * band, band);
  layers = lit ? vec4(accent * 0.34, 0.34) : layers;
  layers = mix(layers, vec4(byHour(vec3(0.92, 0.95, 1.0), vec3(0.02, 0.03, 0.05)), 1.0), line);
  layers = mix(layers, vec4(accent, 1.0), rim);
  outColour = vec4(sqrt(layers.rgb / max(layers.a, 1e-4)), layers.a);
}
