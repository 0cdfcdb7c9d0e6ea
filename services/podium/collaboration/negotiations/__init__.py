"""Negotiations: offers in turn, strategies of unattended parties, and how good an agreement is."""
