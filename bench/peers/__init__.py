"""The same work behind other stream libraries, each configured like a worker."""
