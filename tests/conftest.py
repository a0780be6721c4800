"""Makes `harness` importable for every directory of tests, and shows whose log tells more."""
