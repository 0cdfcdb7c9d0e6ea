"""The notifier: carries health's messages to people and programs, and reports what became of each."""
