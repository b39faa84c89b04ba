"""Messages come in as objects and go out as bytes, and the other way about."""
