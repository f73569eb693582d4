"""Rules that watch the environment's readings; each is switched on only while its own tests pass."""

from qipan.kernel.sensing.declarations import (
    Absence,
    Expect,
    Level,
    Rate,
    RuleTest,
    SensingRule,
    Target,
    Threshold,
)

HOURLY_PM25 = "a34004/hour/avg"
STATIONS = Target(kinds=("township_air",))

# HJ 633-2026: hourly PM2.5 above 150 µg/m³ is heavy pollution, above 250 severe.
HEAVY_AIR = SensingRule(
    code="environment.heavy_air",
    name="PM2.5 小时浓度重度污染",
    target=STATIONS,
    condition=Threshold(HOURLY_PM25, "over", 150.0, hysteresis=15.0),
    severity="major",
    levels=(Level("critical", Threshold(HOURLY_PM25, "over", 250.0, hysteresis=25.0)),),
    for_s=3600.0,
    message="{thing} PM2.5 小时浓度 {value} µg/m³",
    tests=(
        RuleTest(
            "two heavy hours fire, one does not; a fall within the band keeps it",
            {HOURLY_PM25: "100 160 100 160 170 140 130"},
            (
                Expect(3600.0, ""),
                Expect(4 * 3600.0, "major"),
                Expect(5 * 3600.0, "major"),
                Expect(6 * 3600.0, ""),
            ),
            step_s=3600.0,
        ),
        RuleTest(
            "severe at once when it passes the second level",
            {HOURLY_PM25: "260 270"},
            (Expect(3600.0, "critical"),),
            step_s=3600.0,
        ),
    ),
)
SILENT_STATION = SensingRule(
    code="environment.silent_station",
    name="乡镇空气站数据中断",
    target=STATIONS,
    condition=Absence("a34004", steps=30.0),
    severity="minor",
    message="{thing} 超过30分钟没有数据",
    tests=(
        RuleTest(
            "half an hour of silence of a minute station",
            {"a34004": "50x5 _x40"},
            (Expect(300.0, ""), Expect(1800.0, ""), Expect(2400.0, "minor")),
        ),
    ),
)
RISING_PM10 = SensingRule(
    code="environment.rising_pm10",
    name="PM10 快速上升(扬尘)",
    target=Target(kinds=("township_air", "dust")),
    condition=Rate("a34002", "over", 200.0, window_s=1800.0),
    severity="warning",
    for_s=300.0,
    message="{thing} PM10 半小时内快速上升,现为 {value} µg/m³",
    tests=(
        RuleTest(
            "slow rise is quiet, a steep one fires",
            {"a34002": "100+1x30 130+10x30"},
            (Expect(1500.0, ""), Expect(3500.0, "warning")),
        ),
    ),
)
SENSING_RULES = (HEAVY_AIR, SILENT_STATION, RISING_PM10)
