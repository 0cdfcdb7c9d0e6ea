"""Sessions: agents work together on a goal; each phase of a session is a task that the router gives to its agent."""
