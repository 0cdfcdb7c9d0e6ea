"""Messages: kept for their receiver until they are acknowledged, or are dead letters; and groups."""
