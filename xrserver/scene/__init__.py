"""Placements and versions come in; spans, nodes and tiles go out, and which of them a viewer should hold."""
