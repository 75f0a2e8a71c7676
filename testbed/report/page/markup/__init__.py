"""What a page is written with: `html` elements, `svg` pictures, the whole `document`. Knows nothing of runs."""
