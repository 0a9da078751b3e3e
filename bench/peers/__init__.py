"""The same work behind other stream libraries, each a program configured as a worker is."""
