"""Where the context is sent: files in the repository, webhooks."""
