"""The pages, one file each: layout and words."""
