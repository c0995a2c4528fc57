"""The meter of training, on a clock that is set by hand."""

import pytest

from fauxto.learn import meter


def test_waiting_and_working_are_told_apart(monkeypatch):
    clock = iter([0.0, 1.0, 4.0, 4.0, 6.0, 12.0, 12.0, 13.0])  # asked, got, worked: twice; asked, nothing left
    monkeypatch.setattr(meter.time, "perf_counter", lambda: next(clock))
    measured = meter.Meter(makers=2, devices=3)
    for _ in measured.watch(["a", "b"]):
        measured.count(crops=9, making=3.0)
    assert (measured.waiting, measured.working, measured.seconds) == (3.0, 9.0, 12.0)
    assert measured.waited == 0.25
    assert measured.loader_rate == pytest.approx(2 * 18 / 6)
    assert measured.network_rate == pytest.approx(3 * 18 / 9)
    assert str(measured) == "loader 6 crops/s  network 6 crops/s  waited 25%"


def test_nothing_measured_is_no_rate():
    fresh = meter.Meter(1, 1)
    assert (fresh.loader_rate, fresh.network_rate, fresh.waited) == (0.0, 0.0, 0.0)
