"""What can be told from the outcomes that chance does not explain: one module for each way to look."""
