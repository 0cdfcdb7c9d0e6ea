"""The words of podium: commands, events, queries, subjects and the envelope.

Nothing here does anything and nothing of ours is imported: every service, projection, client and
document of the wire is made from these definitions.
"""
