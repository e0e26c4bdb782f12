"""Small exact numerics: residuals, Hessian, solvers, similarity."""
