"""Between the browser and the app: front, back, and our own pages in between."""
