"""A report as one HTML page that needs nothing else: opened from disk, without a network."""
