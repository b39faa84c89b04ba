"""Requests come in; answers and streams go out."""
