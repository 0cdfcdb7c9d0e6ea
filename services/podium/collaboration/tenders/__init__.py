"""The contract net: jobs are announced, bid for, and awarded."""
