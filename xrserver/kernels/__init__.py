"""Numba kernels: flat arrays in, flat arrays out; no objects, no I/O, no knowledge of git."""
