"""The REST API: the table of routes, handlers by area, paging and errors."""
