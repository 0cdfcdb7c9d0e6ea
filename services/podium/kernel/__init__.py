"""What every service runs on: the partition loop, the event log, intake, clock, snapshots, settings."""
