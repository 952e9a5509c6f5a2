"""The REST API: handlers by area, paging, errors, and the table of routes."""
