"""From a site to a person: everything between the two edges is real."""
