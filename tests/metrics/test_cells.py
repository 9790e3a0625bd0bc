import torch

from vampcore.distributions import DiagNormal
from vampcore.metrics.cells import Cells, extent


def test_cells_span_a_rectangle_row_by_row():
    cells = Cells.spanning(torch.tensor([-1.0, 2.0]), torch.tensor([0.4, 3.0]), 0.5)
    assert cells.shape == (2, 3)
    assert cells.high.tolist() == [0.5, 3.0]
    assert cells.centres(cells.low).tolist() == [[x, y] for y in (2.25, 2.75) for x in (-0.75, -0.25, 0.25)]


def test_the_extent_has_the_draws_of_the_prior_and_the_scales_of_the_posteriors():
    prior = DiagNormal(torch.tensor([0.0, 0.0]), torch.tensor([0.0, 2.0]))
    posterior = DiagNormal(torch.tensor([[9.0, 0.0], [0.0, -1.0]]), torch.zeros(2, 2))
    low, high = extent(prior, posterior, 4.0)
    assert high[0] == 13
    assert -4.5 < low[0] < -3
    # Draws of a scale of e: the farthest of 4,096 lie between 3 and 5 scales away.
    assert 3 * 2.718 < -low[1] < 5 * 2.718
