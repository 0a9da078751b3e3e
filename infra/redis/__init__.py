"""Access to Redis: the client, retries through an outage, and whether data are persisted."""
