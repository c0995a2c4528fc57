"""The routes, a topic a file; they check, ask the service, and put the answer into the schema's words."""
