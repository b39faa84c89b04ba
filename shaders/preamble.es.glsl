#version 300 es
// WebGL2: what stands before every body. three.js writes the version itself (glslVersion: GLSL3):
// strip the first line there.
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp usampler2D;
