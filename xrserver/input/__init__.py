"""Devices come in; device-free actions go out."""
