"""Keeps what happened: chains the logs, signs checkpoints, exports and archives; `python -m podium.keeper.main`."""
