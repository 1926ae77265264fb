"""The hooks in pip: the only code of this project that imports pip."""

from rim_router import libraries

# Whoever imports this is, or asks about, a pip: its own copies of the libraries serve first.
libraries.prefer("pip._vendor.")
