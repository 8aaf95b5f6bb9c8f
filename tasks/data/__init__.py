"""Sources, file formats and lake tables: what comes in, and where accepted rows are kept."""
