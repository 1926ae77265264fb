"""What may be used, and why. Pure: nothing here opens a path or a socket, or knows pip."""
