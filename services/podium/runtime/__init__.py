"""What every process of podium stands on: settings, logs, times, the connection, reading a stream."""
