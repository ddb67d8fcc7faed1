"""Numerics that families share: elementary functions, exact signs, complex error functions, quadrature nodes."""
