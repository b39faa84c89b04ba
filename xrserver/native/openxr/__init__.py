"""A headset on this computer, by OpenXR: `headset` is the backend, the rest are its organs.

Importing anything of this room imports pyopenxr, which loads a loader library: only who shows
pictures in a headset does.
"""
