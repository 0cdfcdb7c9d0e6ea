"""What podium does a second, and what it costs: `python -m benchmarks [name …]`. They print; they do not judge."""
