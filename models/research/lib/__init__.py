"""What training and evaluation share: loops, metrics, caches, tables; nothing of one paper."""
