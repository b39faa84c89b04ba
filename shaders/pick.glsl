// Who is seen: node id + 1, and floor.

in float vHeight;
flat in uvec3 vSelf;

layout(location = 0) out uvec2 outPick;

const uint AGGREGATE = 32u;

void main() {
  // Districts have no floors, and the floors of what stands for many things are nobody's.
  bool floors = (vSelf.y >> 16) != 0u && ((vSelf.y >> 8) & AGGREGATE) == 0u;
  outPick = uvec2(vSelf.x + 1u, floors ? min(uint(max(vHeight, 0.0)), vSelf.z) : 0xFFFFFFFFu);
}
