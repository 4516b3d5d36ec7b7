"""Further processes for the data plane: started, watched, told; and how they ask for pages."""
