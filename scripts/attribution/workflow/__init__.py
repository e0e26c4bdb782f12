"""What Snakemake asks when it reads the rules: paths, inputs, requests, figures, targets. No TensorFlow, no state."""
