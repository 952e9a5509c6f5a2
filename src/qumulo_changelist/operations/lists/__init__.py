"""Lists: making one, its receipt, and what can be found out about one later."""
