"""Values, times, flags and units out of messages."""

import csv
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from qipan.protocols.hj212 import Extract, Frame, Framer, Refusal, Seal, Settings, parse, readings, unseal
from qipan.protocols.hj212.codes import canonical, codes, factors, name_of
from qipan.protocols.hj212.quality import bits
from qipan.protocols.hj212.units import proposal, scale

DATA = Path(__file__).resolve().parents[5] / "data" / "hj212"
HEAD = b"QN=20240101120000000;ST=%s;CN=%s;PW=1;MN=1;Flag=5;CP=&&"
RECEIVED = datetime(2024, 1, 1, 4, 0, 5, tzinfo=UTC)
NOON = datetime(2024, 1, 1, 4, 0, tzinfo=UTC)


def take(body: str, *, st: str = "22", cn: str = "2011", settings: Settings | None = None) -> Extract:
    segment = HEAD % (st.encode(), cn.encode()) + f"DataTime=20240101120000;{body}&&".encode()
    return readings(parse(segment), settings or Settings(), RECEIVED)


def numbers(extract: Extract) -> dict[str, float | None]:
    return {reading.code: reading.value for reading in extract.readings}


def test_every_value_of_the_recorded_frames_is_read() -> None:
    counts = []
    with (DATA / "hj212_frames.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    items = [item for row in rows for item in Framer().feed(row["frame_without_CRLF"].encode() + b"\r\n")]
    for frame in (item for item in items if isinstance(item, Frame)):
        extract = readings(parse(frame), Settings(), RECEIVED)
        assert extract.refusals == []
        counts.append(len(extract.readings))
    assert counts == [0, 0, 0, 9, 0, 40, 16, 16, 5, 19, 42, 57, 5, 5, 31, 1, 0, 6, 1, 1, 8]


def test_impossible_time_is_refused_not_mended() -> None:
    rows = json.loads((DATA / "frames.json").read_text(encoding="utf-8"))
    (frame,) = Framer().feed(rows[5]["frame"].replace("\\r\\n", "\r\n").encode())
    assert isinstance(frame, Frame)
    extract = readings(parse(frame), Settings(), RECEIVED)
    assert extract.readings == []
    assert extract.refusals[0] == Refusal("w01018-Rtd", "99.000", "time")
    assert {refusal.reason for refusal in extract.refusals} == {"time"}


def test_codes_of_2005_and_vendor_names_become_codes_of_2017() -> None:
    assert numbers(take("011-Rtd=99.000,011-Flag=N;B01-Rtd=1", st="32")) == {"w01018": 99.0, "w00000": 1.0}
    assert numbers(take("PM25-Rtd=15.4;TEM-Rtd=-3;NOIS-Rtd=46.3")) == {
        "a34004": 15.4,
        "a01001": -3.0,
        "LA": 46.3,
    }
    assert canonical("01", "31") == "a34013"
    assert canonical("01", "32") == "01"
    assert canonical("35", "31") == "35"
    assert numbers(take("R01-Rtd=2", settings=Settings(aliases={"R01": "a01999"}))) == {"a01999": 2.0}


def test_intervals_and_their_stamp() -> None:
    start = take("a34004-Avg=35,a34004-ZsAvg=36,a34004-Cou=1,a34004-Flag=N", cn="2061").readings
    assert [reading.code for reading in start] == ["a34004/hour/avg", "a34004/hour/zsavg", "a34004/hour/cou"]
    assert {(reading.interval_start, reading.time) for reading in start} == {
        (NOON, NOON + timedelta(hours=1))
    }
    end = take("a34004-Avg=35", cn="2061", settings=Settings(stamp="end")).readings[0]
    assert (end.interval_start, end.time) == (NOON - timedelta(hours=1), NOON)
    minute = take("a34004-Avg=35", cn="2051", settings=Settings(minute_interval=5)).readings[0]
    assert (minute.code, minute.time) == ("a34004/minute/avg", NOON + timedelta(minutes=5))
    day = take("Leq-DayData=55.1,Leq-NightData=44.9", st="23", cn="2031").readings
    assert [(reading.code, reading.time - NOON) for reading in day] == [
        ("Leq/day", timedelta(days=1)),
        ("Leq/night", timedelta(days=1)),
    ]
    assert take("SB1-RT=2.5", st="31", cn="2041").readings[0].code == "SB1/day/rt"
    assert take("SB1-RS=1", st="31", cn="2021").readings[0].code == "SB1/rs"


@pytest.mark.parametrize(
    ("flag", "quality"),
    [
        ("N", 0),
        ("", 0),
        ("F", 1),
        ("B", 1),
        ("M", 2),
        ("C", 2),
        ("S", 512),
        ("D", 4),
        ("T", 8),
        ("x", 4),
        ("N D", 4),
    ],
)
def test_flags(flag: str, quality: int) -> None:
    assert bits(flag, {}) == quality


def test_flag_of_any_spelling_and_place_reaches_its_values() -> None:
    assert take("A18-Avg=40.28,A18-flag=D", cn="2061").readings[0].quality == 4
    assert take("NOIS-Rtd=46.3,NOIS=D").readings[0].raw_flag == "D"
    assert take("a-Rtd=1;b-Rtd=2;a-Flag=M").readings[0].quality == 2
    assert take("a-Rtd=1,a-Flag=N,a-EFlag=E3").readings[0].raw_flag == "N/E3"
    assert take("a-Rtd=1,a-Flag=Z", settings=Settings(flags={"Z": "N"})).readings[0].quality == 0


@pytest.mark.parametrize("text", ["", "-", "--", "*", "NaN"])
def test_missing_values_stay_missing(text: str) -> None:
    (reading,) = take(f"a34004-Rtd={text},a34004-Flag=N").readings
    assert (reading.value, reading.quality) == (None, 1)


@pytest.mark.parametrize(
    "text", ["abc", "1_000", "inf", "-Infinity", "1e999", "12..5", "１２", "0x1F", "1e15"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    extract = take(f"a34004-Rtd={text}")
    assert extract.readings == []
    assert extract.refusals == [Refusal("a34004-Rtd", text, "value")]


def test_values_below_zero_and_exponents_are_data() -> None:
    assert numbers(take("a01013-Rtd=-123.0723;w-Rtd=1.5E-3")) == {"a01013": -123.0723, "w": 0.0015}


def test_unknown_fields_and_names_are_refused_and_the_rest_is_kept() -> None:
    extract = take("a34004-Rtd=35,a34004-Xyz=1;温度-Rtd=3;PM=7")
    assert numbers(extract) == {"a34004": 35.0}
    assert extract.refusals == [
        Refusal("a34004-Xyz", "1", "field"),
        Refusal("温度-Rtd", "3", "factor"),
        Refusal("PM", "7", "field"),
    ]


def test_sampling_time_stands_for_the_data_time() -> None:
    extract = take("w01008-SampleTime=20240101100000,w01008-Rtd=1;a-Rtd=2")
    assert [reading.time for reading in extract.readings] == [NOON - timedelta(hours=2), NOON]
    repeated = take("w-SampleTime=20240101100000,w-Rtd=1;w-Rtd=2")
    assert [reading.value for reading in repeated.readings] == [1.0, 2.0]


def test_wrong_clock_is_flagged_and_the_time_kept() -> None:
    segment = HEAD % (b"22", b"2011") + b"DataTime=20240101121000;a-Rtd=1&&"
    (reading,) = readings(parse(segment), Settings(), RECEIVED).readings
    assert (reading.time, reading.quality) == (NOON + timedelta(minutes=10), 128)
    old = HEAD % (b"22", b"2011") + b"DataTime=20180101121000;a-Rtd=1&&"
    assert readings(parse(old), Settings(), RECEIVED).readings[0].quality == 128


def test_no_time_no_reading() -> None:
    extract = readings(parse(HEAD % (b"31", b"2011") + b"w01001-Rtd=7.5&&"), Settings(), RECEIVED)
    assert (extract.readings, extract.refusals) == ([], [Refusal("w01001-Rtd", "7.5", "no_time")])


def test_units_are_converted_as_exact_decimals() -> None:
    settings = Settings.from_json({"units": {"a34004": ["ng/m3", "µg/m³"]}})
    assert settings.scales == {"a34004": Decimal("0.001")}
    assert numbers(take("a34004-Rtd=75600.000", settings=settings)) == {"a34004": 75.6}
    assert float(Decimal("0.1") * scale("mg/m3", "ug/m3")) == 100.0
    with pytest.raises(ValueError, match="cannot be converted"):
        scale("mg/m3", "dB")


def test_unit_is_proposed_from_the_first_values_or_not_at_all() -> None:
    assert proposal("a34004", [75600.0, 68000.0]) == "ng/m3"
    assert proposal("a34004", [0.075]) == "mg/m3"
    assert proposal("a01006", [101.38]) == "kPa"
    assert proposal("a01006", [1013.8]) == "hPa"
    assert proposal("a34004", [0.0]) is None
    assert proposal("a99999", [1.0]) is None


def test_site_information_keeps_texts() -> None:
    extract = take("PolId=011,i12001-Info=0,i13001-Info=正常", st="32", cn="3020")
    assert [(r.code, r.value, r.text) for r in extract.readings] == [
        ("w01018/i12001", 0.0, None),
        ("w01018/i13001", None, "正常"),
    ]


def test_sm4_check_values_of_gb_t_32907() -> None:
    key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    step = Cipher(algorithms.SM4(key), modes.ECB()).encryptor()
    assert step.update(key).hex().upper() == "681EDF34D206965E86B3E94F536E4246"


@pytest.mark.parametrize("text", ["hex", "base64"])
def test_sealed_bodies_of_2025(text: str) -> None:
    seal = Seal(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), text)
    body = "DataTime=20260101120000;a34004-Rtd=35,a34004-Flag=N"
    head = "QN=20260101120000000;ST=22;CN=2011;PW=1;MN=1;Flag=9;CP=&&"
    message = parse(f"{head}{seal.close(body)}&&".encode())
    assert message.groups == ()
    received = datetime(2026, 1, 1, 4, 0, 5, tzinfo=UTC)
    assert readings(message, Settings(), received).refusals == [Refusal("CP", "", "sealed")]
    assert numbers(readings(unseal(message, seal), Settings(), received)) == {"a34004": 35.0}
    with pytest.raises(ValueError, match="sealed"):
        unseal(message, Seal(bytes(16), text))


def test_plain_bodies_of_2025_are_read_as_they_are() -> None:
    segment = (
        b"QN=20260101120000000;ST=44;CN=2011;PW=1;MN=1;Flag=9;CP=&&DataTime=20260101120000;d20105-Rtd=1&&"
    )
    assert readings(parse(segment), Settings(), RECEIVED).readings[0].code == "d20105"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"crc_mode": "none"}, "crc_mode"),
        ({"stamp": "mid"}, "stamp"),
        ({"minute_interval": 0}, "minute_interval"),
        ({"edition": "2010"}, "2010"),
        ({"sm4_key": "00"}, "sm4_key"),
        ({"units": {"a34004": ["ng/m3", "dB"]}}, "units"),
    ],
)
def test_wrong_settings_are_told(data: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Settings.from_json(data)


def test_code_tables() -> None:
    assert len(factors()) == 57
    assert factors()["a34004"].unit == "ng/m3"
    assert name_of("cn", "2061") == "污染物小时数据"
    assert name_of("exertn", "100", "en") == "no data"
    assert codes("flag") == tuple("NFMSDCTB")
    assert name_of("cn", "0000") == ""
