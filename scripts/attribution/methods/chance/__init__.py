"""What chance gives, to compare with."""
