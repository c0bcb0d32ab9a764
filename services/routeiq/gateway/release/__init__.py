"""The fleet's release, applied by this gateway: its document put in force, kept on disk, and judged before others."""
