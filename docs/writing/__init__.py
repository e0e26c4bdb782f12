"""What docs/write_pages.py writes into pages: tables of results and settings, targets, the graph, the folders."""
