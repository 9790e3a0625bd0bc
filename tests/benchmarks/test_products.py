"""The floors: which matrix products they hold, counted."""

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.products import Dense, forward_and_backward, gated_body


def flops(call) -> int:
    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops()


def test_the_products_of_a_layer():
    layer = Dense(rows=5, inputs=7, outputs=11)
    assert layer.forward()().shape == (5, 11)
    assert [product().shape for product in layer.backward()] == [(11, 7), (5, 7)]
    assert [product().shape for product in Dense(5, 7, 11, to_inputs=False).backward()] == [(11, 7)]
    assert layer.forward()().dtype == torch.float32
    assert Dense(5, 7, 11, torch.bfloat16).forward()().dtype == torch.bfloat16


def test_a_step_has_three_products_a_layer_and_two_where_the_inputs_are_data():
    one = 2 * 5 * 7 * 11
    assert flops(forward_and_backward([Dense(5, 7, 11)])) == 3 * one
    assert flops(forward_and_backward([Dense(5, 7, 11, to_inputs=False)])) == 2 * one


def test_a_gated_body_computes_value_and_gate_as_one():
    body = gated_body(5, 30, 4, 3, torch.float32, to_inputs=False)
    assert [(layer.inputs, layer.outputs, layer.to_inputs) for layer in body] == [
        (30, 8, False),
        (4, 8, True),
        (4, 8, True),
    ]
