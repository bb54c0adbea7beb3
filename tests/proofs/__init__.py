"""Proofs of the promises with real processes, real servers and real kills. The long forms carry the marker `slow`."""
