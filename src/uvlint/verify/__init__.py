"""`uvlint verify`: a Dockerfile built before and after a change, and what came out of it compared."""
