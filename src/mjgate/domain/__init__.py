"""What the words of the field mean: pure rules, tables and values that know nobody else."""
