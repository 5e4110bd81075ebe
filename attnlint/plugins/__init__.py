"""attnlint inside of other tools, one module a tool."""
