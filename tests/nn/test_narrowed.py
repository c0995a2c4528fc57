"""Structured pruning of the residual net: kept channels keep their weights, and which are kept is what matters."""

import torch
from torch.nn import functional

from fauxto.nn.residual import HighPassCells
from fauxto.nn.residual_net import ResidualNet, channel_importance, narrowed


def trained_looking(widths=(8, 6, 10)) -> ResidualNet:
    torch.manual_seed(0)
    net = ResidualNet(HighPassCells(), 36, widths)
    net.train()(torch.rand(8, 3, 32, 32))  # running statistics
    return net.eval()


def importance(net: ResidualNet):
    pixels, labels = torch.rand(4, 3, 32, 32), torch.tensor([0.0, 1, 0, 1])
    return channel_importance(net, lambda: functional.binary_cross_entropy_with_logits(net(pixels)[:, 0], labels))


def test_all_channels_kept_is_the_same_network():
    net = trained_looking()
    same = narrowed(net, (8, 6, 10), importance(net)).eval()
    pixels = torch.rand(2, 3, 48, 48)
    assert torch.equal(same(pixels), net(pixels))


def test_channels_that_do_nothing_go_first():
    """Channels whose scale and shift are zero everywhere can be removed without a trace."""
    net = trained_looking()
    with torch.no_grad():
        for norm, dead in (
            ("2", [1, 5]),
            ("5", [0]),
            ("7.bn2", [0]),
            ("7.bn1", [3]),
            ("9", [2, 9]),
            ("11.bn2", [2, 9]),
        ):
            module = net.get_submodule(f"stages.{norm}")
            module.weight[dead] = 0
            module.bias[dead] = 0
        net.get_submodule("stages.11.bn1").weight[[0, 4]] = 0
        net.get_submodule("stages.11.bn1").bias[[0, 4]] = 0
    small = narrowed(net, (6, 5, 8), importance(net)).eval()
    pixels = torch.rand(2, 3, 48, 48)
    torch.testing.assert_close(small(pixels), net(pixels), atol=1e-5, rtol=1e-5)
    assert sum(p.numel() for p in small.parameters()) < sum(p.numel() for p in net.parameters())


def test_the_importance_is_the_first_order_effect_of_a_channel():
    """Oracle: the derivative of the loss with respect to a factor on the channel, one picture at a time."""
    net = trained_looking()
    pixels = torch.rand(1, 3, 32, 32)
    found = channel_importance(net, lambda: functional.softplus(-net(pixels)).sum())["stages.5"]
    norm = net.get_submodule("stages.5")
    factor = torch.ones(6, requires_grad=True)
    hook = norm.register_forward_hook(lambda module, inputs, output: output * factor[:, None, None])
    functional.softplus(-net(pixels)).sum().backward()
    hook.remove()
    torch.testing.assert_close(found, factor.grad.abs(), atol=1e-6, rtol=1e-4)
