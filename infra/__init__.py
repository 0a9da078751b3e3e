"""The services around the pipeline: settings, brokers, topics, stores, metrics and dashboards.

Nothing here knows an operator, a network or an agent.
"""
