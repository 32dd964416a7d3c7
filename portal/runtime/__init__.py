"""What stands under the platform: servers, processes, the verbs of `./dev`. Plain Python; nothing here imports Django."""
