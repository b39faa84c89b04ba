#version 300 es
// WebGL2: what stands before every body. three.js writes the version itself (glslVersion: GLSL3):
// strip the first line there.
#extension GL_ANGLE_clip_cull_distance : enable
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp usampler2D;

#ifdef VERTEX

// Both eyes of a headset are drawn at once, side by side in one picture: every second instance is the right
// one's. Of each eye: its view, its projection, and what is left; how many eyes, in the left one's last column.
// The only block there is: all programs find it at the first binding.
layout(std140) uniform Eyes { mat4 uEyes[6]; };

#define EYE (3 * (gl_InstanceID & (int(uEyes[2][3].x) - 1)))
#define viewMatrix uEyes[EYE]
#define projectionMatrix uEyes[EYE + 1]
#define cameraPosition uEyes[EYE + 2][0].xyz       // world space

invariant gl_Position;             // what is marked is drawn again over itself

void drawn();
void main() {
  drawn();
  vec2 part = uEyes[EYE + 2][1].xy;              // of the picture: scale, and offset of its middle
#ifdef GL_ANGLE_clip_cull_distance
  // Up to the other's part: beyond lies what only this one sees.
  gl_ClipDistance[0] = gl_Position.w + sign(part.y) * gl_Position.x;
#endif
  gl_Position.x = gl_Position.x * part.x + gl_Position.w * part.y;
}
#define main drawn

#endif
