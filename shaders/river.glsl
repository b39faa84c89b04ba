// The vertex stage of the river: BEADS (commits) as discs that face the eye, RIBBONS (edges, and the bed
// below) as strips along curves. Both have eight virtual vertices, and with PICK say who they are.
// Nothing is drawn thinner than a pixel: what is, fades instead.

uniform int selectedNode;
uniform int hoveredNode;
uniform float pixelAngle;          // how wide a pixel is at a distance of 1

#if defined(PICK)
out float vHeight;                 // floors: a commit has one
flat out uvec3 vSelf;              // node, traits, last floor
#elif defined(BEADS)
out vec2 vDisc;                    // from the middle, in radii
flat out vec3 vRight;              // the disc's axes, scene space
flat out vec3 vUp;
flat out vec3 vToward;             // to the eye
flat out vec4 vBase;               // its matter; how much air lies over it
flat out vec4 vGlow;               // its own light; 0, 1 pointed at, 2 selected
#else
out vec3 vPlace;                   // across, −1 … 1; along, 0 … 1; air
out vec4 vBase;                    // colour in this light; 1 where it is never fainter than a line
flat out float vBed;               // 1 for the bed, 0 for ribbons
#endif

const int GONE = 64;
/** Pixels that a pointer may miss by. */
const float GRACE = 3.0;

void main() {
  gl_Position = vec4(2.0, 2.0, 2.0, 1.0);      // outside: a node that is not drawn

  int row = drawnRow();
  int corner = gl_VertexID & 7;
  uvec4 head = texelFetch(uNodes, ivec2((2 * row) & 2047, (2 * row) >> 11), 0);
  uvec4 tail = texelFetch(uNodes, ivec2((2 * row + 1) & 2047, (2 * row + 1) >> 11), 0);
  int first = int(head.x);
  bool changing = playheadFraction > 1.0 - easing;
  int span = spanAt(first, first + int(head.y), playheadRank + (changing ? 1 : 0));
  if (span < first) return;
  uvec4 texel = spanTexel(span, 0);
  int birth = int(texel.x), death = int(texel.y);
  if (death <= playheadRank) return;
  float there = birth > playheadRank ? easingPhase() : 1.0;
  if (death == playheadRank + 1) there *= 1.0 - easingPhase();
  int flags = int(texel.w >> 8) & 255;
  int category = int(texel.w >> 16);

  uvec4 place = spanTexel(span, 1);
  vec4 extent = uintBitsToFloat(spanTexel(span, 2));
  vec3 position = uintBitsToFloat(place.xyz);
  mat3 turn = mat3(modelMatrix);
  vec3 eye = (cameraPosition - modelMatrix[3].xyz) * turn / dot(turn[0], turn[0]);
  float warmth = warmthSince(birth);
  float dim = (flags & GONE) != 0 ? 0.35 : 1.0;
  bool chosen = int(tail.x) == selectedNode || int(tail.y) == selectedNode;
  bool pointed = int(tail.x) == hoveredNode || int(tail.y) == hoveredNode;
  vec3 warm = byHour(vec3(1.00, 0.50, 0.155), vec3(0.71, 0.29, 0.065));

#if defined(BEADS)
  float radius = max(0.5 * extent.y * there, 1e-6);
  vec3 middle = position + vec3(0.0, 0.5 * extent.y, 0.0);
  vec3 gaze = eye - middle;
  float away = max(length(gaze), 1e-6);
  vec3 toward = gaze / away;
  vec3 right = cross(vec3(0.0, 1.0, 0.0), toward);
  right = dot(right, right) > 1e-9 ? normalize(right) : vec3(1.0, 0.0, 0.0);
  vec3 up = cross(toward, right);
  float pixel = pixelAngle * away;
  // Before everything that runs through it, and seen as large as the sphere.
  float nearer = away > 2.0 * radius ? 0.95 * radius : 0.0;
  float reach = max(radius, 0.5 * pixel) + 0.75 * pixel;
#ifdef PICK
  reach = max(radius, GRACE * pixel);
#else
  // Room for the ring around it.
  if (chosen || pointed) reach = max(1.7 * radius, radius + 7.0 * pixel);
#endif
  float angle = (float(corner) + 0.5) * 0.785398163;
  vec2 disc = vec2(cos(angle), sin(angle)) * reach * 1.0823922;
  vec3 scene = middle + toward * nearer + (right * disc.x + up * disc.y) * (away - nearer) / away;
  gl_Position = projectionMatrix * (viewMatrix * (modelMatrix * vec4(scene, 1.0)));
#ifdef PICK
  vHeight = 0.0;
  vSelf = uvec3(tail.x, texel.w, 0u);
#else
  vDisc = disc / radius;
  vRight = right;
  vUp = up;
  vToward = toward;
  vec3 colour = colourOf(uint(birth), place.w, category);
  vec3 plaster = byHour(vec3(0.100, 0.118, 0.165), vec3(0.84, 0.835, 0.82));
  vBase = vec4(mix(plaster, colour, byHour(vec3(0.78), vec3(0.90)).x) * dim, airOver(away, airBefore(eye)));
  vBase.rgb *= 1.0 - 0.9 * warmth;
  vGlow = vec4(warm * warmth + colour * byHour(vec3(0.16), vec3(0.0)) * dim * (1.0 - warmth), chosen ? 2.0 : (pointed ? 1.0 : 0.0));
#endif

#else
  uvec4 end = spanTexel(span, 3);
  vec4 leaving = uintBitsToFloat(spanTexel(span, 4));
  vec3 last = uintBitsToFloat(end.xyz);
  float t = float(corner >> 1) / 3.0;
  float s = float(corner & 1) * 2.0 - 1.0;
  // Hermite's cubic, and its derivative.
  float u = 1.0 - t;
  vec3 scene = position * (1.0 + 2.0 * t) * u * u + extent.xyz * t * u * u
    + last * t * t * (3.0 - 2.0 * t) - leaving.xyz * t * t * u;
  vec3 run = 6.0 * t * u * (last - position) + extent.xyz * u * (1.0 - 3.0 * t) - leaving.xyz * t * (2.0 - 3.0 * t);
  vec3 gaze = eye - scene;
  float away = max(length(gaze), 1e-6);
  float pixel = pixelAngle * away;
  float half_ = max(0.5 * mix(extent.w, leaving.w, t) * there, 1e-6);
  bool bed = category == DISTRICT;
  vec3 outwards = bed ? vec3(run.z, 0.0, -run.x) : cross(run, gaze);
  outwards = normalize(outwards + vec3(1e-12, 0.0, 0.0));
  if (bed) outwards.y = uintBitsToFloat(end.w);
#ifdef PICK
  if (bed) return;
  float reach = max(half_, (GRACE - 1.0) * pixel);
#else
  // The mainline is seen from anywhere.
  if (uintBitsToFloat(end.w) > 0.5) half_ = max(half_, 0.6 * pixel * there);
  float reach = bed ? half_ : max(half_, 0.5 * pixel) + 0.75 * pixel;
#endif
  gl_Position = projectionMatrix * (viewMatrix * (modelMatrix * vec4(scene + outwards * (s * reach), 1.0)));
#ifdef PICK
  vHeight = 0.0;
  vSelf = uvec3(tail.y, texel.w, 0u);
#else
  vPlace = vec3(s * reach / half_, t, airOver(away, airBefore(eye)));
  vBed = bed ? 1.0 : 0.0;
  vec3 light = lightOn(vec3(0.0, 1.0, 0.0));
  vec3 colour = colourOf(uint(birth), place.w, int(tail.w));
  if (bed) {
    // Whose time it was is seen from afar.
    vec3 ground = byHour(vec3(0.030, 0.038, 0.058), vec3(0.80, 0.795, 0.78));
    vBase = vec4(mix(ground, colour, byHour(vec3(0.085), vec3(0.22)).x) * light, 0.0);
    return;
  }
  bool mainline = uintBitsToFloat(end.w) > 0.5;
  vec3 water = byHour(mainline ? vec3(0.30, 0.36, 0.48) : vec3(0.115, 0.135, 0.185), vec3(mainline ? 0.30 : 0.50));
  vec3 base = mix(water, colour, mainline ? 0.30 : 0.50) * dim * light;
  base = mix(base, warm, 0.75 * warmth);
  vec3 accent = byHour(vec3(0.30, 0.80, 1.00), vec3(0.00, 0.20, 0.46));
  vBase = vec4(mix(base, accent, chosen ? 0.8 : (pointed ? 0.4 : 0.0)), mainline ? 1.0 : 0.0);
#endif
#endif
}
