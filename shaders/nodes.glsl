// The city: every node is one box over eight virtual vertices, of which the three faces towards
// the eye are drawn. The vertex stage finds the span that is live at the playhead; the fragment
// stage draws the façade, whose floors are the node's strata. With PICK it writes which node and
// floor is seen instead.

#ifdef VERTEX

uniform mat4 modelMatrix;          // world_from_scene
uniform mat4 viewMatrix;
uniform mat4 projectionMatrix;
uniform vec3 cameraPosition;       // the eye, world space
uniform usampler2D uSpans;
uniform usampler2D uNodes;
uniform usampler2D uStrata;
uniform int playheadRank;
uniform float playheadFraction;
uniform float easing;
uniform float glowPerRank;

out vec3 vLocal;                   // 0 … 1 within the box
out vec3 vScene;                   // metres, scene space
flat out vec4 vSize;               // extents in metres, and strata that stand (may be broken)
flat out uvec4 vNode;              // node id, traits, author and rank of the newest stratum
flat out ivec4 vStrata;            // first row, rows, strata before those; districts around it
flat out vec4 vEye;                // the eye in scene space, glow

const int EASED = 1, ENTERS = 4, LEAVES = 8;

uvec4 spanTexel(int span, int k) {
  int i = span * 5 + k;
  return texelFetch(uSpans, ivec2(i & 2047, i >> 11), 0);
}

// The last of the spans [first, last) with birth <= rank; first - 1 if none.
int spanAt(int first, int last, int rank) {
  for (int i = 0; i < 24 && first < last; i++) {
    int middle = (first + last) >> 1;
    if (int(spanTexel(middle, 0).x) <= rank) first = middle + 1; else last = middle;
  }
  return first - 1;
}

void main() {
  vLocal = vec3(0.0);
  vScene = vec3(0.0);
  vSize = vec4(1.0);
  vNode = uvec4(0u);
  vStrata = ivec4(0);
  vEye = vec4(0.0);
  gl_Position = vec4(2.0, 2.0, 2.0, 1.0);      // outside: a node that is not drawn

  int row = gl_VertexID >> 3;
  int corner = gl_VertexID & 7;
  uvec4 head = texelFetch(uNodes, ivec2((2 * row) & 2047, (2 * row) >> 11), 0);
  uvec4 tail = texelFetch(uNodes, ivec2((2 * row + 1) & 2047, (2 * row + 1) >> 11), 0);
  int first = int(head.x);

  bool changing = playheadFraction > 1.0 - easing;
  float phase = changing ? (playheadFraction - 1.0 + easing) / easing : 0.0;
  phase = phase * phase * (3.0 - 2.0 * phase);

  int span = spanAt(first, first + int(head.y), playheadRank + (changing ? 1 : 0));
  if (span < first) return;
  uvec4 texel = spanTexel(span, 0);
  int birth = int(texel.x), death = int(texel.y);
  if (death <= playheadRank) return;
  int flags = int(texel.w >> 8) & 255;

  uvec4 place = spanTexel(span, 1), extent = spanTexel(span, 2);
  vec3 position = uintBitsToFloat(place.xyz);
  vec4 size = uintBitsToFloat(extent);
  if (birth > playheadRank) {
    if ((flags & ENTERS) != 0) {
      size.y *= phase;
    } else if ((flags & EASED) != 0) {
      position = mix(uintBitsToFloat(spanTexel(span, 3).xyz), position, phase);
      size = mix(uintBitsToFloat(spanTexel(span, 4)), size, phase);
    }
  } else if (changing && death == playheadRank + 1) {
    if ((flags & LEAVES) == 0) return;
    size.y *= 1.0 - phase;
  }

  mat3 turn = mat3(modelMatrix);
  vec3 eye = (cameraPosition - modelMatrix[3].xyz) * turn / dot(turn[0], turn[0]);
  vec3 middle = position + vec3(0.0, 0.5 * size.y, 0.0);
  vec3 bits = vec3(float(corner & 1), float((corner >> 1) & 1), float(corner >> 2));
  // Corner 0 is the one nearest to the eye; set bits flip away from it.
  vLocal = mix(bits, 1.0 - bits, step(middle, eye));
  vScene = middle + (vLocal - 0.5) * size.xyz;
  vSize = size;

  int before = int(head.w), rows = int(tail.z);
  int newest = int(uintBitsToFloat(extent.w)) - 1 - before;
  uint newestRank = uint(birth);
  if (newest >= 0 && newest < rows) {
    int i = int(head.z) + newest;
    newestRank = texelFetch(uStrata, ivec2(i & 2047, i >> 11), 0).x;
  }
  vNode = uvec4(tail.x, texel.w, place.w, newestRank);
  vStrata = ivec4(int(head.z), rows, before, int(tail.w));
  float since = abs(float(playheadRank - birth) + playheadFraction);
  vEye = vec4(eye, (texel.w >> 16) == 0u ? 0.0 : exp(-since * glowPerRank));
  gl_Position = projectionMatrix * (viewMatrix * (modelMatrix * vec4(vScene, 1.0)));
}

#else

in vec3 vLocal;
in vec3 vScene;
flat in vec4 vSize;
flat in uvec4 vNode;
flat in ivec4 vStrata;
flat in vec4 vEye;

// The floor (stratum from 0, oldest) at a height, counted in floors.
int floorAt(float height) {
  return clamp(int(floor(height)), 0, max(int(ceil(vSize.w)) - 1, 0));
}

#ifdef PICK

layout(location = 0) out uvec2 outPick;

const int AGGREGATE = 32;

void main() {
  // Districts have no floors, and the floors of what stands for many things are nobody's.
  bool floors = (vNode.y >> 16) != 0u && (int(vNode.y >> 8) & AGGREGATE) == 0;
  outPick = uvec2(vNode.x + 1u, floors ? uint(floorAt(vLocal.y * vSize.w)) : 0xFFFFFFFFu);
}

#else

uniform usampler2D uStrata;
uniform sampler2D uPeople;
uniform sampler2D uCategories;
uniform int playheadRank;
uniform float playheadFraction;
uniform float glowPerRank;
uniform int headRank;
uniform int colouring;
uniform int selectedNode;
uniform int hoveredNode;
uniform int hoveredFloor;

layout(location = 0) out vec4 outColour;

const int DISTRICT = 0, TEST = 2, DOCUMENTATION = 3;
const vec3 NOBODY = vec3(0.26, 0.29, 0.34);

vec3 authorColour(uint author) {
  int i = int(author);
  if (i >= 256 * textureSize(uPeople, 0).y) return NOBODY;
  return decode(texelFetch(uPeople, ivec2(i & 255, i >> 8), 0).rgb);
}

// Newest light, oldest dark, by the logarithm of how many hundredths of the history ago it was;
// steps of equal size look equally large (after cividis).
vec3 ageColour(uint rank) {
  float unit = 1.0 + 0.01 * float(headRank);
  float age = log2(1.0 + float(max(headRank - int(rank), 0)) / unit) / log2(2.0 + float(headRank) / unit);
  float x = 4.0 * (1.0 - clamp(age, 0.0, 1.0));
  vec3 colour = mix(vec3(0.030, 0.130, 0.330), vec3(0.262, 0.310, 0.424), clamp(x, 0.0, 1.0));
  colour = mix(colour, vec3(0.486, 0.482, 0.470), clamp(x - 1.0, 0.0, 1.0));
  colour = mix(colour, vec3(0.733, 0.686, 0.443), clamp(x - 2.0, 0.0, 1.0));
  return decode(mix(colour, vec3(0.996, 0.910, 0.220), clamp(x - 3.0, 0.0, 1.0)));
}

vec3 kindColour(int category) { return decode(texelFetch(uCategories, ivec2(category, 0), 0).rgb); }

vec3 colourOf(uint rank, uint author, int category) {
  if (colouring == 0) return authorColour(author);
  return colouring == 1 ? ageColour(rank) : kindColour(category);
}

float hash(uint x) {
  x ^= x >> 16; x *= 0x7feb352du; x ^= x >> 15; x *= 0x846ca68bu; x ^= x >> 16;
  return float(x >> 8) / 16777216.0;
}

// A floor's colour, and its glow.
vec4 floorColour(int index, vec4 own, int category) {
  int row = index - vStrata.z;
  if (row < 0 || row >= vStrata.y) return own;
  int i = vStrata.x + row;
  uvec2 stratum = texelFetch(uStrata, ivec2(i & 2047, i >> 11), 0).xy;
  float since = abs(float(playheadRank - int(stratum.x)) + playheadFraction);
  return vec4(colourOf(stratum.x, stratum.y, category), exp(-since * glowPerRank));
}

// A stretch of floors, drawn as one of them; which one never changes, so nothing flickers.
vec4 stretchColour(int stretch, int floors, vec4 own, int category) {
  int first = stretch * floors;
  int held = clamp(int(ceil(vSize.w)) - first, 1, floors);
  int one = floors == 1 ? 0 : int(hash(vNode.x * 977u + uint(first)) * float(held));
  vec4 colour = floorColour(first + one, own, category);
  colour.rgb *= mix(0.86, 1.12, hash(vNode.x * 131u + uint(first + one)));
  return colour;
}

// The façade at a height, in stretches of so many floors: the two within this pixel, each by how
// much of it it fills.
vec4 strataColour(float height, float wide, int floors, vec4 own, int category) {
  float place = height / float(floors);
  float across = wide / float(floors);
  int last = max(int(ceil(vSize.w)) - 1, 0) / floors;
  int lower = clamp(int(floor(place - 0.5 * across)), 0, last);
  int upper = clamp(int(floor(place + 0.5 * across)), 0, last);
  vec4 colour = stretchColour(upper, floors, own, category);
  if (lower == upper) return colour;
  float share = clamp((float(upper) - place) / across + 0.5, 0.0, 1.0);
  return mix(colour, stretchColour(lower, floors, own, category), share);
}

// Glow lingers, and is seen as light only while it is strong.
float warmth(float glow) { return glow * glow * glow; }

// What a roof says of its building without colour: hatching for tests, planted beds for
// documentation. Metres from the roof's middle; `bay` is the pattern's period.
float roofPattern(int category, vec2 place, vec2 pixel, float bay) {
  float along = category == TEST ? (place.x + place.y) * 0.70711 : place.x;
  float wide = category == TEST ? (pixel.x + pixel.y) * 0.70711 : pixel.x;
  float away = abs(fract(along / bay) - 0.5) * bay;
  float fade = 1.0 - smoothstep(0.30, 0.90, wide / bay);
  return mix(category == TEST ? 0.36 : 0.6, lineCover(away, bay * (category == TEST ? 0.18 : 0.30), wide), fade);
}

void main() {
  vec3 metres = vLocal * vSize.xyz;
  vec3 pixel = fwidth(metres);
  vec3 slope = cross(dFdx(metres), dFdy(metres));
  vec3 steep = abs(slope);
  int axis = steep.y >= max(steep.x, steep.z) ? 1 : (steep.x > steep.z ? 0 : 2);
  vec3 normal = vec3(axis == 0, axis == 1, axis == 2) * (step(0.5, vLocal) * 2.0 - 1.0);
  bool roof = axis == 1;

  int category = int(vNode.y >> 16);
  int node = int(vNode.x);
  vec3 border = min(metres, vSize.xyz - metres);        // metres to the nearer side
  float foot = metres.y;
  float width = min(vSize.x, vSize.z);
  vec3 light = lightOn(normal);
  vec3 colour;

  if (category == DISTRICT) {
    float level = clamp(float(vStrata.w) * 0.2, 0.0, 1.0);
    vec3 plate = byHour(mix(vec3(0.019, 0.025, 0.040), vec3(0.052, 0.064, 0.092), level),
                        mix(vec3(0.72, 0.715, 0.70), vec3(0.90, 0.895, 0.88), level));
    float edge = roof ? min(border.x, border.z) : vSize.y - metres.y;
    float across = roof ? (border.x < border.z ? pixel.x : pixel.z) : pixel.y;
    float rim = lineCover(edge, roof ? width * 0.004 : vSize.y * 0.12, across);
    colour = plate * light * (roof ? 1.0 : mix(0.55, 1.0, clamp(foot / vSize.y, 0.0, 1.0)));
    colour += rim * byHour(vec3(0.030, 0.042, 0.066), vec3(0.07));
  } else {
    float strata = max(vSize.w, 1e-3);
    float storey = vSize.y / strata;
    float height = metres.y / max(storey, 1e-9);        // in floors
    float wide = pixel.y / max(storey, 1e-9);           // of a pixel, in floors

    vec4 own = vec4(colourOf(vNode.w, vNode.z, category), vEye.w);
    vec4 tint = own;
    float lines = 0.0;
    float seen = 0.0;                                   // how far single floors can be told apart
    if (!roof) {
      seen = 1.0 - smoothstep(0.55, 1.60, wide);
      // Floors thinner than a pixel are drawn in stretches of 2, 4, 8 …, one fading into the next,
      // and at last into the building's own colour.
      float level = max(log2(wide * 1.5), 0.0);
      float told = 1.0 - smoothstep(4.0, 7.0, level);
      if (told > 0.0) {
        int floors = 1 << int(level);
        tint = strataColour(height, wide, floors, own, category);
        float next = smoothstep(0.5, 1.0, fract(level));
        if (next > 0.0) tint = mix(tint, strataColour(height, wide, 2 * floors, own, category), next);
        tint = mix(own, tint, told);
      }
      float nearest = abs(fract(height + 0.5) - 0.5);
      if (height > 0.5 && height < strata - 0.4) {
        lines = lineCover(nearest, 0.035, wide) * (1.0 - smoothstep(0.18, 0.55, wide));
      }
    }

    // Panels along the façade, for scale: as wide as a room, seen from near.
    float panels = 0.0;
    float joints = 0.0;
    if (!roof && seen > 0.0) {
      float along = axis == 0 ? metres.z : metres.x;
      float side = axis == 0 ? vSize.z : vSize.x;
      float bay = side / max(floor(side / max(2.4, 1.5 * storey)), 1.0);
      float across = (axis == 0 ? pixel.z : pixel.x) / bay;
      float near = seen * (1.0 - smoothstep(0.06, 0.22, across));
      uint panel = uint(floor(along / bay)) * 7919u + uint(floorAt(height)) * 104729u + vNode.x * 31u;
      panels = (hash(panel) - 0.5) * near * (1.0 - smoothstep(0.10, 0.40, wide));
      joints = lineCover(abs(fract(along / bay + 0.5) - 0.5), 0.015, across) * near;
    }

    vec3 plaster = byHour(vec3(0.100, 0.118, 0.165), vec3(0.84, 0.835, 0.82));
    float strength = mix(0.40 + 0.24 * seen, 0.30 + 0.22 * seen, daylight) * (roof ? 0.85 : 1.0);
    vec3 base = mix(plaster, tint.rgb * mix(0.70, 1.0, daylight), strength);
    base *= mix(0.86, 1.10, hash(vNode.x)) * (1.0 + 0.08 * panels);
    base *= 1.0 - (lines + 0.35 * joints * (1.0 - lines)) * mix(0.62, 0.34, daylight);

    if (roof && (category == TEST || category == DOCUMENTATION)) {
      float inset = lineCover(width * 0.5 - min(border.x, border.z), width * 0.38, max(pixel.x, pixel.z));
      float cover = inset * roofPattern(category, metres.xz - 0.5 * vSize.xz, pixel.xz, width / 5.0);
      vec3 planted = category == TEST ? base * 0.45 : byHour(vec3(0.035, 0.105, 0.050), vec3(0.34, 0.52, 0.31));
      base = mix(base, planted, cover * (category == TEST ? 0.75 : 0.85));
    }

    // Darker towards the foot, where neighbours take the light.
    float reach = min(vSize.y * 0.85, width * 1.6);
    float open = roof ? 1.0 : smoothstep(-0.25 * reach, reach, foot);
    colour = base * light * mix(mix(0.22, 0.60, daylight), 1.0, open);

    // The parapet.
    float edge = roof ? min(border.x, border.z) : vSize.y - metres.y;
    float across = roof ? (border.x < border.z ? pixel.x : pixel.z) : pixel.y;
    float rim = lineCover(edge, roof ? min(width * 0.030, 0.6) : min(storey * 0.30, 0.5), across);
    colour += rim * (base * byHour(vec3(0.80), vec3(0.10)) + byHour(vec3(0.020, 0.028, 0.044), vec3(0.10)));

    // What changed lately shines: each new floor by itself, and the top of the building from afar.
    float top = roof ? 0.40 : smoothstep(0.50, 1.0, metres.y / max(vSize.y, 1e-9));
    float shine = max(warmth(vEye.w) * top * (0.85 - 0.4 * seen), warmth(tint.w) * seen);
    shine *= (1.0 - 0.4 * lines) * (1.0 + 0.3 * panels);
    colour = byHour(colour + vec3(1.00, 0.50, 0.155) * shine * (0.50 + 1.7 * dot(base, vec3(0.3, 0.5, 0.2))),
                    mix(colour, vec3(0.98, 0.40, 0.09), 0.72 * min(shine, 1.0)));

    if (node == hoveredNode && hoveredFloor >= 0 && !roof) {
      float middle = float(hoveredFloor) + 0.5;
      float cover = lineCover(height - middle, max(0.5, 1.25 * wide), wide);
      colour = mix(colour, colour * 0.5 + byHour(tint.rgb * 0.9 + vec3(0.30), tint.rgb * 0.35 + vec3(0.35)), cover);
      float rims = lineCover(abs(height - middle) - max(0.5, 1.25 * wide), max(0.03, 0.6 * wide), wide);
      colour = mix(colour, byHour(vec3(0.92, 0.95, 1.0), vec3(0.02, 0.03, 0.05)), rims * 0.9);
    }
  }

  colour = inAir(colour, length(vScene - vEye.xyz), vEye.xyz);

  if (node == hoveredNode || node == selectedNode) {
    // Every edge of the box, in pixels, so that it is found from anywhere.
    vec3 pixels = border / max(pixel, vec3(1e-9)) + 1e3 * abs(normal);
    float edge = min(pixels.x, min(pixels.y, pixels.z));
    bool chosen = node == selectedNode;
    float rim = 1.0 - smoothstep(chosen ? 1.8 : 0.8, chosen ? 2.8 : 1.8, edge);
    vec3 accent = chosen ? byHour(vec3(0.30, 0.80, 1.00), vec3(0.00, 0.20, 0.46))
                         : byHour(vec3(0.90, 0.94, 1.00), vec3(0.03, 0.04, 0.06));
    colour = mix(colour + (category == DISTRICT ? byHour(vec3(0.02, 0.026, 0.036), vec3(-0.06)) : vec3(0.0)),
                 accent, rim);
  }
  outColour = encode(colour);
}

#endif
#endif
