"""Schedules: when runs of workflows begin by themselves."""
