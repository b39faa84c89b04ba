#version 330 core
// OpenGL 3.3: what stands before every body. The body never asks which of the two it is in.
