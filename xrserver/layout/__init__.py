"""Index columns and parameters come in; placements in scene space go out."""
