"""Weekly charts: the songs with the most stars, posted once a week."""
