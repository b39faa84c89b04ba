"""A repository on disk comes in; columns of commits, changes, versions and strata go out."""
