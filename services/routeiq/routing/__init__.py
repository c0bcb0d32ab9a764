"""The routing service: prompt -> embedding -> predicted quality per model -> choice with reasons."""
