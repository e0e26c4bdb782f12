"""hessian.h5: the Hessian (k, k) and the Cholesky factor of the damped one."""

FILES = {"hessian.h5": "scope"}

HESSIAN, CHOLESKY = "hessian", "cholesky"
