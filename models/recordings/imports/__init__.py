"""Import of recordings by any maker: found, read and identified before anything is published."""
