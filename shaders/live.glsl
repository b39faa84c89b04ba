// What the vertex stages of all nodes share: the columns, when it is, and which state of a node is live.

uniform mat4 modelMatrix;          // world_from_scene
uniform usampler2D uSpans;
uniform usampler2D uNodes;
uniform usampler2D uPages;         // which page of 32 rows is drawn as the k-th
uniform usampler2D uStrata;
uniform sampler2D uPeople;
uniform sampler2D uCategories;
uniform int playheadRank;
uniform float playheadFraction;
uniform float easing;
uniform float glowPerRank;
uniform int headRank;
uniform int colouring;

const int EASED = 1, ENTERS = 4, LEAVES = 8, UNDATED = 128;
const int DISTRICT = 0, TEST = 2, DOCUMENTATION = 3, VENDORED = 8;
const uint NOBODY = 65535u;

// The row of uNodes that this vertex draws: eight vertices each, by the list of pages.
int drawnRow() {
  int k = gl_VertexID >> 3;
  return int(texelFetch(uPages, ivec2((k >> 5) & 2047, k >> 16), 0).r) << 5 | (k & 31);
}

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

float hash(uint x) {
  x ^= x >> 16; x *= 0x7feb352du; x ^= x >> 15; x *= 0x846ca68bu; x ^= x >> 16;
  return float(x >> 8) / 16777216.0;
}

vec3 authorColour(uint author) {
  int i = min(int(author), 256 * textureSize(uPeople, 0).y - 1);
  return decode(texelFetch(uPeople, ivec2(i & 255, i >> 8), 0).rgb);
}

vec3 kindColour(int category) { return decode(texelFetch(uCategories, ivec2(category, 0), 0).rgb); }

vec3 colourOf(uint rank, uint author, int category) {
  if (colouring == 0) return authorColour(author);
  return colouring == 1 ? ageColour(ageOf(float(rank), float(headRank))) : kindColour(category);
}

// How far what changes next has got, 0 … 1; 0 while nothing does.
float easingPhase() {
  float phase = max(playheadFraction - 1.0 + easing, 0.0) / easing;
  return phase * phase * (3.0 - 2.0 * phase);
}

// Glow lingers, and is seen as light only while it is strong.
float warmthSince(int birth) {
  return exp(-3.0 * glowPerRank * abs(float(playheadRank - birth) + playheadFraction));
}
