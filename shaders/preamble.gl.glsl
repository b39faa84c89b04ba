#version 330 core
// OpenGL 3.3: what stands before every body. The body never asks which of the two it is in.

#ifdef VERTEX

uniform mat4 viewMatrix;
uniform mat4 projectionMatrix;
uniform vec3 cameraPosition;       // the eye, world space

invariant gl_Position;             // what is marked is drawn again over itself

#endif
