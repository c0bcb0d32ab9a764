"""Config-sync's paths, a module for each subject."""
