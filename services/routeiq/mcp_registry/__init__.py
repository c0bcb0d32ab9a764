"""The MCP registry: servers, tools, resources, sessions, OAuth, the protocol proxy."""
