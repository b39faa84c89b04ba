// The vertex stage of every node: one box over eight virtual vertices, of which the faces towards
// the eye are drawn. It finds the span that is live at the playhead, and whatever is the same all
// over a face, which flat varyings carry from each triangle's last vertex: corner 6 is the last of
// the face across x only, 5 across y, 3 across z. What follows depends on the program:
// WALLS and ROOFS of buildings, PLATES (districts), MARK (an outline), PICK (who is where).

#if defined(WALLS)
out vec4 vPlace;                   // metres along x, floors, metres along z, air
flat out vec4 vBays;               // panels a metre along x and z; half a parapet and all, in floors
flat out vec4 vPlaster;            // the building's own matter in this light; floors a foot's shadow reaches, inverse
flat out vec4 vTint;               // what the light makes of a floor's colour; number of the node, 0 … 1
flat out vec4 vOwn;                // colour of the newest stratum, warmth
flat out ivec4 vFloors;            // texel of floor 0 (may lie before the first), first and last floor known, last that stands
flat out uvec2 vNewest;            // rank and author of the newest stratum
#elif defined(ROOFS)
out vec3 vPlace;                   // metres from the roof's middle along x and z; air
flat out vec3 vExtent;             // half its sides, half its parapet; metres
flat out vec3 vBase;               // its colour in this light
flat out vec3 vRim;                // what the parapet adds to it
flat out vec4 vPlanted;            // colour of the pattern on it, in this light; how much it covers, 0 for none
flat out vec4 vPattern;            // periods a metre along x and z; half a stripe in periods; what is seen from afar
#elif defined(PLATES)
out vec4 vPlace;                   // metres from the plate's middle; share of its height
out vec3 vFromEye;                 // metres
flat out vec4 vExtent;             // how far its edges are from the middle, half a rim; metres
flat out vec3 vBase;               // its colour in this light
flat out vec2 vAir;
#elif defined(MARK)
out vec3 vPlace;                   // metres from the box's middle
out float vHeight;                 // floors
flat out vec3 vHalf;               // half the extents, metres
flat out ivec2 vSelf;              // node, axis of the face
#else
out float vHeight;                 // floors
flat out uvec3 vSelf;              // node, traits, last floor that stands
#endif

uniform usampler2D uBefore;        // where rows of uNodes stood before the city was laid out anew
uniform float unsettled;           // how much of the way from there is still to be gone, 1 … 0

void main() {
  gl_Position = vec4(2.0, 2.0, 2.0, 1.0);      // outside: a node that is not drawn

  int row = drawnRow();
  int corner = gl_VertexID & 7;
  uvec4 head = texelFetch(uNodes, ivec2((2 * row) & 2047, (2 * row) >> 11), 0);
  int first = int(head.x);

  bool changing = playheadFraction > 1.0 - easing;
  float phase = easingPhase();

  int span = spanAt(first, first + int(head.y), playheadRank + (changing ? 1 : 0));
  if (span < first) return;
  uvec4 texel = spanTexel(span, 0);
  int birth = int(texel.x), death = int(texel.y);
  if (death <= playheadRank) return;
  int flags = int(texel.w >> 8) & 255;

  uvec4 place = spanTexel(span, 1), extent = spanTexel(span, 2);
  vec3 position = uintBitsToFloat(place.xyz);
  vec4 size = uintBitsToFloat(extent);         // and the strata that stand, not always whole
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

  if (unsettled > 0.0) {
    uvec4 was = texelFetch(uBefore, ivec2((2 * row) & 2047, (2 * row) >> 11), 0);
    if (was.w > 0u) {
      uvec4 wide = texelFetch(uBefore, ivec2((2 * row + 1) & 2047, (2 * row + 1) >> 11), 0);
      position = mix(position, uintBitsToFloat(was.xyz), unsettled);
      size.xz = mix(size.xz, uintBitsToFloat(wide.xz), unsettled);
    }
  }

  mat3 turn = mat3(modelMatrix);
  vec3 eye = (cameraPosition - modelMatrix[3].xyz) * turn / dot(turn[0], turn[0]);
  vec3 middle = position + vec3(0.0, 0.5 * size.y, 0.0);
  vec3 bits = vec3(float(corner & 1), float((corner >> 1) & 1), float(corner >> 2));
  // Corner 0 is the one nearest to the eye; set bits flip away from it.
  vec3 side = step(middle, eye);
  vec3 local = mix(bits, 1.0 - bits, side);
  vec3 scene = middle + (local - 0.5) * size.xyz;
  gl_Position = projectionMatrix * (viewMatrix * (modelMatrix * vec4(scene, 1.0)));

  // The face that ends with this corner.
  int axis = corner == 6 ? 0 : (corner == 5 ? 1 : 2);
  uvec4 tail = texelFetch(uNodes, ivec2((2 * row + 1) & 2047, (2 * row + 1) >> 11), 0);
  int category = int(texel.w >> 16);
  float strata = max(size.w, 1e-3);

#if defined(PICK)
  vHeight = local.y * size.w;
  vSelf = uvec3(tail.x, texel.w, uint(max(int(ceil(size.w)) - 1, 0)));
#elif defined(MARK)
  vPlace = (local - 0.5) * size.xyz;
  vHeight = local.y * size.w;
  vHalf = 0.5 * size.xyz;
  vSelf = ivec2(int(tail.x), axis);
#else

  vec3 normal = (2.0 * side - 1.0) * vec3(axis == 0, axis == 1, axis == 2);
  vec3 light = lightOn(normal);
  vec2 air = airBefore(eye);
  float width = min(size.x, size.z);

#ifdef PLATES
  float level = clamp(float(tail.w) * 0.2, 0.0, 1.0);
  vec3 plate = byHour(mix(vec3(0.019, 0.025, 0.040), vec3(0.052, 0.064, 0.092), level),
                      mix(vec3(0.72, 0.715, 0.70), vec3(0.90, 0.895, 0.88), level));
  vPlace = vec4((local - 0.5) * size.xyz, local.y);
  vFromEye = scene - eye;
  // Of a side only the upper edge counts: the others are put far away.
  vExtent = axis == 1 ? vec4(0.5 * size.x, 1e6, 0.5 * size.z, width * 0.004)
                      : vec4(1e6, 0.5 * size.y, 1e6, size.y * 0.12);
  vBase = plate * light;
  vAir = air;
#else

  float thick = airOver(length(scene - eye), air);
  float own = hash(tail.x);
  int before = int(head.w), rows = int(tail.z);
  int newest = int(uintBitsToFloat(extent.w)) - 1 - before;
  uint newestRank = uint(birth);
  if (newest >= 0 && newest < rows) {
    int i = int(head.z) + newest;
    newestRank = texelFetch(uStrata, ivec2(i & 2047, i >> 11), 0).x;
  }
  // What others or programs wrote is nobody's here: grey, whoever brought it.
  bool grey = category == VENDORED;
  uint who = grey ? NOBODY : place.w;
  vec3 colour = colourOf(newestRank, who, category);
  float warmth = (flags & UNDATED) != 0 ? 0.0 : warmthSince(birth);
  float storey = size.y / strata;
  float shade = mix(0.86, 1.10, own);
  vec3 plaster = byHour(vec3(0.100, 0.118, 0.165), vec3(0.84, 0.835, 0.82)) * shade;
  vec3 tint = vec3(mix(0.70, 1.0, daylight) * shade);
#ifdef WALLS
  vec3 metres = local * size.xyz;
  vPlace = vec4(metres.x, local.y * strata, metres.z, thick);
  float length_ = axis == 0 ? size.z : size.x;
  float bays = max(floor(length_ / max(2.4, 1.5 * storey)), 1.0) / length_;
  // Darker towards the foot, where neighbours take the light.
  float reach = max(min(size.y * 0.85, width * 1.6), 1e-6);
  vBays = vec4(axis == 0 ? 0.0 : bays, axis == 0 ? bays : 0.0, min(0.30, 0.5 / storey), strata);
  vPlaster = vec4(plaster * light, 0.8 * storey / reach);
  vTint = vec4(tint * light, own);
  vOwn = vec4(colour, warmth);
  // No floor of a grey one is looked up, or of one without any: all are the newest.
  bool bare = grey || rows == 0;
  vFloors = ivec4(int(head.z) - before, bare ? -1 : before, bare ? -1 : before + rows - 1, max(int(ceil(size.w)) - 1, 0));
  vNewest = uvec2(newestRank, who);
#else
  vec3 base = mix(plaster, colour * tint, mix(0.40, 0.30, daylight) * 0.85);
  bool tested = category == TEST;
  vec3 planted = tested ? base * 0.45 : byHour(vec3(0.035, 0.105, 0.050), vec3(0.34, 0.52, 0.31));
  float shine = 0.34 * warmth;
  vec3 glow = byHour(vec3(1.00, 0.50, 0.155) * (0.50 + 1.7 * dot(base, vec3(0.3, 0.5, 0.2))), vec3(0.71, 0.29, 0.065)) * shine;
  light *= 1.0 - 0.72 * daylight * shine;
  vPlace = vec3((local.xz - 0.5) * size.xz, thick);
  vExtent = vec3(0.5 * size.xz, min(width * 0.030, 0.6));
  vBase = base * light + glow;
  vRim = base * byHour(vec3(0.80), vec3(0.10)) + byHour(vec3(0.020, 0.028, 0.044), vec3(0.10));
  vPlanted = vec4(planted * light + glow, tested ? 0.75 : (category == DOCUMENTATION ? 0.85 : 0.0));
  vPattern = tested ? vec4(vec2(0.70711 * 5.0 / width), 0.18, 0.36) : vec4(5.0 / width, 0.0, 0.30, 0.60);
#endif
#endif
#endif
}
