"""The optimizer service: it learns from every outcome, says what it expects and how sure it is, and advises."""
