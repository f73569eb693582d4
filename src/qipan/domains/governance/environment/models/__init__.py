"""Tables of the environment system, by what they are about."""

from qipan.domains.governance.environment.models.air import AirDay, AirHour, Grade
from qipan.domains.governance.environment.models.alarms import AlarmCursor, HighValueAlarm
from qipan.domains.governance.environment.models.forecasts import ForecastSkill, WarningProposal
from qipan.domains.governance.environment.models.outlets import OutletValue
from qipan.domains.governance.environment.models.quality import QualityFlag
from qipan.domains.governance.environment.models.sites import Outlet, Site

__all__ = [
    "AirDay",
    "AirHour",
    "AlarmCursor",
    "ForecastSkill",
    "Grade",
    "HighValueAlarm",
    "Outlet",
    "OutletValue",
    "QualityFlag",
    "Site",
    "WarningProposal",
]
