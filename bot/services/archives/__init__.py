"""Songs as ZIP files, in parts that Discord accepts."""
