"""What would have been, had the router been set otherwise; `python -m podium.router.whatif.main`."""
