"""What is claimed about speed, measured: ``python -m bench`` (or ``make bench``)."""
