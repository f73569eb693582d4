"""Ecology and environment (system 10): what it brings to the house."""

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from qipan.domains.governance.environment import demo, jobs
from qipan.domains.governance.environment.alert_rules import ALERT_RULES, EVENT_TYPES
from qipan.domains.governance.environment.case_types import CASE_TYPES
from qipan.domains.governance.environment.indicators import INDICATORS
from qipan.domains.governance.environment.layers import LAYERS
from qipan.domains.governance.environment.pages import air, forecast, public, quality, sources
from qipan.domains.governance.environment.program import ROLE
from qipan.domains.governance.environment.quantities import QUANTITIES
from qipan.domains.governance.environment.registers import REGISTERS
from qipan.domains.governance.environment.sensing_rules import SENSING_RULES
from qipan.domains.governance.environment.standards import RULES_FOLDER
from qipan.kernel.modules.declarations import Module, RuleTableFile

module = Module(
    action=10,
    label="environment",
    name=_("生态环境"),
    owner=_("市生态环境局冠县分局"),
    summary=_("空气、水和污染源的监测、预报、预警与处置"),
    chapter="governance",
    registers=REGISTERS,
    pages=(*air.PAGES, *forecast.PAGES, *quality.PAGES, *sources.PAGES, *public.PAGES),
    home_panels=public.HOME_PANELS,
    quantities=QUANTITIES,
    sensing_rules=SENSING_RULES,
    case_types=CASE_TYPES,
    event_types=EVENT_TYPES,
    alert_rules=ALERT_RULES,
    indicators=INDICATORS,
    layers=LAYERS,
    roles=(ROLE,),
    jobs=jobs.JOBS,
    listeners=jobs.LISTENERS,
    demo=demo.build,
    rule_tables=tuple(RuleTableFile(path) for path in sorted(Path(RULES_FOLDER).glob("*.yaml"))),
)
