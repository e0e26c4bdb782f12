"""Networks: architectures, the user's own, copies, precision, penalties."""
