"""Methods from gradients and the damped inverse Hessian."""
