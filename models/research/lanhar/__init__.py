"""Training and evaluating LanHAR: data sets, interpretations, networks, baselines, figures."""
