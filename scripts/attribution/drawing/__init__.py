"""Style, fonts, images and intervals of figures."""
