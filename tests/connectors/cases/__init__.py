"""Made-up answers in the shape of each site, one file a connector. Nobody's real name or words."""
