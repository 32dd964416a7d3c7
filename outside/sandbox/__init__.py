"""The sandbox twin: a real server that speaks the protocols of the outside systems, with generated data. Never for production."""
