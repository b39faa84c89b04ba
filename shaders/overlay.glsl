// Flat things over the picture: rectangles with round corners, and text from an atlas: white letters, and
// pictures that have colours of their own.
// One instance each; no light.glsl.

#ifdef VERTEX

uniform vec2 uPicture;             // pixels

layout(location = 0) in vec4 aBox;      // x, y of the upper left corner, width, height; pixels from the upper left
layout(location = 1) in vec4 aGlyph;    // the same in the atlas, texels; width 0: no text, all covered
layout(location = 2) in vec4 aColour;   // sRGB, alpha
layout(location = 3) in vec2 aRadius;   // of the corners, pixels; and depth, −1 near … 1 far

out vec2 vFromMiddle;
out vec2 vTexel;
flat out vec2 vHalf;
flat out vec4 vColour;
flat out float vRadius;
flat out int vText;

void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  vec2 place = aBox.xy + corner * aBox.zw;
  vHalf = 0.5 * aBox.zw;
  vFromMiddle = (corner - 0.5) * aBox.zw;
  vTexel = aGlyph.xy + corner * aGlyph.zw;
  vColour = aColour;
  vRadius = aRadius.x;
  vText = aGlyph.z > 0.0 ? 1 : 0;
  gl_Position = vec4(place.x / uPicture.x * 2.0 - 1.0, 1.0 - place.y / uPicture.y * 2.0, aRadius.y, 1.0);
}

#else

uniform sampler2D uAtlas;

in vec2 vFromMiddle;
in vec2 vTexel;
flat in vec2 vHalf;
flat in vec4 vColour;
flat in float vRadius;
flat in int vText;

layout(location = 0) out vec4 outColour;

void main() {
  vec4 ink = vec4(1.0);
  float cover;
  if (vText == 1) {
    ink = texture(uAtlas, vTexel / vec2(textureSize(uAtlas, 0)));
    cover = ink.a;
  } else {
    vec2 beyond = abs(vFromMiddle) - vHalf + vRadius;
    float away = length(max(beyond, 0.0)) + min(max(beyond.x, beyond.y), 0.0) - vRadius;
    cover = clamp(0.5 - away, 0.0, 1.0);
  }
  outColour = vec4(vColour.rgb * ink.rgb, vColour.a * cover);
}

#endif
