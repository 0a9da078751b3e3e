"""What a GPU computes, of each network and of wearers: `python -m bench.gpu`, without a broker."""
