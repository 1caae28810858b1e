"""A guided advisor on the ecological and social transition of territories."""

__version__ = "0.1.0"
