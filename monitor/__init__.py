"""Review Monitor: hears what is said about you in public, and follows it up until your answer can be seen."""

__version__ = "0.1.0"
