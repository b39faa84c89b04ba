"""The stream and the devices of this machine come in; pictures go out."""
