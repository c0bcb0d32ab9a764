"""What can be measured: a process that answers chat completions, and how it is started."""
