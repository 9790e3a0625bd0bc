"""The least script that a server can run: to time the server itself."""
