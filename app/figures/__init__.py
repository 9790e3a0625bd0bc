"""Pictures: NumPy arrays in, a plotly Figure or PNG bytes out.

Nothing here knows streamlit, torch or vampcore. Each figure takes the `Theme` it is drawn for, names its axes, carries
a sentence for people who cannot see it (`export.alt_text`), and is the same bytes for the same input, so that a browser
which already holds it keeps its selection. Show one with `st.plotly_chart(figure, theme=None, config=plot_config(..))`.

One file a subject: `theme` (colours, layout), `export` (downloads, alt text, CSV), `tiles` and `strips` (images),
`density` (mass levels), `points` and `plane` (the latent plane), `holes`, `units` (active units, KL), `usage`,
`surgery`, `comparison`, `history`.
"""
