"""Config-sync: where configuration and artifacts come from, their validation and fleet-wide rollout."""
