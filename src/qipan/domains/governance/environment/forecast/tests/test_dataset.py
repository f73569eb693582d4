"""The PRSA reader: plain and packed files, missing and saturated values, wind."""

import gzip
from typing import Any

import numpy as np
import pytest

from qipan.domains.governance.environment.forecast.dataset import fill_forward, read_prsa

HEAD = "No,year,month,day,hour,PM2.5,PM10,SO2,NO2,CO,O3,TEMP,PRES,DEWP,RAIN,wd,WSPM,station\n"
ROWS = (
    "1,2013,3,1,0,4,999,4,7,300,77,-0.7,1023,-18.8,0,N,4.4,{0}\n"
    "2,2013,3,1,1,NA,8, ,7,10000,77,-1.1,1023.2,-18.2,0.5,W,2,{0}\n"
)


def test_files_of_both_kinds_become_one_history(tmp_path: Any) -> None:
    (tmp_path / "PRSA_Data_B_20130301-20170228.csv").write_text(HEAD + ROWS.format("B"))
    with gzip.open(tmp_path / "PRSA_A_20130301-20161031.csv.gz", "wt") as handle:
        handle.write(HEAD + ROWS.format("A"))
    history = read_prsa(tmp_path)
    assert history.stations == ("A", "B")
    assert [str(time) for time in history.times] == ["2013-03-01T00", "2013-03-01T01"]
    np.testing.assert_array_equal(history.values["pm25"][:, 0], [4.0, np.nan])
    # Saturated PM10 and CO, and a cell that holds a blank, are missing.
    np.testing.assert_array_equal(history.values["pm10"][:, 0], [np.nan, 8.0])
    np.testing.assert_array_equal(history.values["co"][:, 1], [300.0, np.nan])
    np.testing.assert_array_equal(history.values["so2"][:, 1], [4.0, np.nan])
    # Wind from the north moves south, from the west moves east.
    np.testing.assert_allclose(history.weather["wind_v"][0], -4.4)
    np.testing.assert_allclose(history.weather["wind_u"][1], 2.0)
    assert history.digest() != read_prsa(tmp_path).window(history.times[0], history.times[0]).digest()


def test_a_folder_without_files_is_an_error(tmp_path: Any) -> None:
    with pytest.raises(ValueError, match="no PRSA"):
        read_prsa(tmp_path)


def test_values_are_carried_forward_for_a_while_only() -> None:
    values = np.array([[np.nan], [1.0], [np.nan], [np.nan], [np.nan], [2.0]])
    np.testing.assert_array_equal(fill_forward(values, 2)[:, 0], [np.nan, 1.0, 1.0, 1.0, np.nan, 2.0])
