"""What the environment's devices observe, by HJ 212 factor code (HJ 525, HJ 524), in the unit we keep."""

from qipan.kernel.sensing.declarations import Quantity

AIR = (
    Quantity("a34004", "PM2.5", "µg/m³", "air", ("PM25", "PM2.5"), (0.0, 999.0), 0),
    Quantity("a34002", "PM10", "µg/m³", "air", ("PM10",), (0.0, 1500.0), 0),
    Quantity("a21026", "SO2", "µg/m³", "air", ("SO2", "02"), (0.0, 2600.0), 0),
    Quantity("a21004", "NO2", "µg/m³", "air", ("NO2",), (0.0, 2000.0), 0),
    Quantity("a21005", "CO", "mg/m³", "air", ("CO", "04"), (0.0, 60.0), 2),
    Quantity("a05024", "O3", "µg/m³", "air", ("O3",), (0.0, 1200.0), 0),
    Quantity("a34001", "TSP", "µg/m³", "air", ("TSP",), (0.0, 5000.0), 0),
)
WEATHER = (
    Quantity("a01001", "气温", "°C", "weather", ("TEM", "TEMP"), (-35.0, 50.0)),
    Quantity("a01002", "相对湿度", "%", "weather", ("RH", "HUMI"), (0.0, 100.0), 0),
    Quantity("a01006", "气压", "hPa", "weather", ("PA",), (850.0, 1100.0)),
    Quantity("a01007", "风速", "m/s", "weather", ("WS",), (0.0, 60.0)),
    Quantity("a01008", "风向", "°", "weather", ("WD",), (0.0, 360.0), 0),
)
WATER = (
    Quantity("w01001", "pH值", "", "water", ("001",), (0.0, 14.0), 2),
    Quantity("w01009", "溶解氧", "mg/L", "water", (), (0.0, 30.0), 2),
    Quantity("w01010", "水温", "°C", "water", (), (-2.0, 40.0)),
    Quantity("w01014", "电导率", "µS/cm", "water", (), (0.0, 20000.0), 0),
    Quantity("w01003", "浊度", "NTU", "water", (), (0.0, 3000.0)),
    Quantity("w01019", "高锰酸盐指数", "mg/L", "water", (), (0.0, 100.0), 2),
    Quantity("w01018", "化学需氧量", "mg/L", "water", ("011",), (0.0, 1000.0), 1),
    Quantity("w21003", "氨氮", "mg/L", "water", ("060",), (0.0, 100.0), 3),
    Quantity("w21011", "总磷", "mg/L", "water", ("101",), (0.0, 20.0), 3),
    Quantity("w21001", "总氮", "mg/L", "water", ("065",), (0.0, 100.0), 3),
)
OUTLET = (
    Quantity("a34013", "烟尘", "mg/m³", "outlet", ("01",), (0.0, 1000.0)),
    Quantity("a21002", "氮氧化物", "mg/m³", "outlet", ("03",), (0.0, 2000.0)),
    Quantity("a19001", "烟气含氧量", "%", "outlet", ("S01",), (0.0, 25.0)),
    Quantity("a01011", "烟气流速", "m/s", "outlet", ("S02",), (0.0, 60.0)),
    Quantity("a01012", "烟气温度", "°C", "outlet", ("S03",), (-10.0, 600.0)),
    Quantity("a00000", "废气排放量", "m³/s", "outlet", ("B02",), (0.0, 2000.0)),
    Quantity("a24088", "非甲烷总烃", "mg/m³", "outlet", (), (0.0, 1000.0)),
)
QUANTITIES = (*AIR, *WEATHER, *WATER, *OUTLET)

# Columns of the hour and day rows, by factor code; the rules' item names beside them.
FIELD_OF = {
    "a34004": "pm25",
    "a34002": "pm10",
    "a21026": "so2",
    "a21004": "no2",
    "a21005": "co",
    "a05024": "o3",
}
ITEM_OF = {"pm25": "PM25", "pm10": "PM10", "so2": "SO2", "no2": "NO2", "co": "CO", "o3": "O3"}
