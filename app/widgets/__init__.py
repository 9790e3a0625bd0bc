"""What several pages share: the sidebar, page heads, controls bound to the URL, bordered figures, downloads."""
