"""The router: which tasks there are, and who does what."""
