"""Which directions an intervention scales."""

import numpy as np
import pytest

from rankscope.spectra.repair import Intervention, choose_directions

COSINES = np.array([0.9, 0.2, 0.1, 0.8, 0.3, 0.95])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [1]),
        ({"every": True}, [1, 2, 4]),
        ({"every": True, "k": 3}, [1, 2]),
        ({"control": True}, [0]),
        ({"control": True, "every": True}, [0, 3, 5]),
        ({"epsilon": 0.05}, []),
        ({"k": 1}, []),
        ({"k": 50, "every": True}, [1, 2, 4]),
    ],
)
def test_choice_of_directions(options, expected):
    assert choose_directions(COSINES, Intervention(0.5, **options)) == expected


def test_no_control_where_every_direction_intrudes():
    assert choose_directions(np.zeros(4), Intervention(0.5, control=True)) == []
