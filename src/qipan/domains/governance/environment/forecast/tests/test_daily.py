"""Daily values and AQI of arrays equal the exact rules, value by value."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from qipan.domains.governance.environment.aggregation import day_mean, mda8
from qipan.domains.governance.environment.aqi import aqi
from qipan.domains.governance.environment.forecast.daily import day_aqi, day_mda8, day_means
from qipan.domains.governance.environment.standards import table_on

NAMES = ("pm25", "pm10", "so2", "no2", "co", "o3")


def days_with_gaps() -> np.ndarray:
    rng = np.random.default_rng(2)
    hours = rng.gamma(2, 60, (24 * 40, 2)).round(1)
    hours[rng.random(hours.shape) < 0.12] = np.nan
    return hours


def exact(values: Any) -> list[Any]:
    return [None if np.isnan(v) else float(v) for v in values]


def test_means_and_mda8_equal_the_exact_rules_with_their_validity() -> None:
    hours, table = days_with_gaps(), table_on("air_statistics", date(2015, 1, 1))
    means, eights = day_means(hours), day_mda8(hours)
    for number in range(40):
        part = exact(hours[24 * number : 24 * number + 24, 0])
        for found, rule in ((means, day_mean(part, table)), (eights, mda8(part, table))):
            if rule.value is None:
                assert np.isnan(found[number, 0])
            else:
                assert found[number, 0] == pytest.approx(float(rule.value))
    with pytest.raises(ValueError, match="whole days"):
        day_means(hours[:30])


@pytest.mark.parametrize("day", [date(2015, 1, 1), date(2026, 6, 1)])
def test_aqi_of_arrays_equals_the_exact_aqi(day: Any) -> None:
    rng = np.random.default_rng(8)
    table = {name: rng.gamma(1.5, 90, (24 * 30, 1)).round(1) for name in NAMES}
    table["co"] = (table["co"] * 20).round()
    found = day_aqi(table, day)[:, 0]
    statistics = table_on("air_statistics", day)
    for number in range(30):
        hours = {name: exact(values[24 * number : 24 * number + 24, 0]) for name, values in table.items()}
        means: dict[str, Any] = {
            f"{name.upper()}_24H": day_mean(hours[name], statistics).value for name in NAMES[:5]
        }
        means["CO_24H"] = means["CO_24H"] / 1000
        means["O3_8H"] = mda8(hours["o3"], statistics).value
        assert found[number] == aqi(means, day).value
    assert np.isnan(day_aqi({"pm25": np.full((24, 1), np.nan)}, day)).all()
