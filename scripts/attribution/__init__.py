"""Training-data attribution: gradients, Hessians, influence, groups. Import the modules, nothing is re-exported."""
