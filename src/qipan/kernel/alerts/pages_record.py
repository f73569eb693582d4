"""How good the warnings were: hits, misses, false alarms and lead time, with each miss."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from qipan.kernel.alerts import occurrences, rule_records
from qipan.kernel.alerts.pages import SECTION
from qipan.kernel.base.clock import now
from qipan.kernel.orgs.models import Division
from qipan.kernel.ui.declarations import page
from qipan.kernel.ui.rendering import render

MONTHS = (3, 12, 36)


@page("rules/", _("预警规则"), permission="alerts.alert.view", section=SECTION, icon="adjustments")
def rules(request: HttpRequest) -> HttpResponse:
    """Each rule with its record, and what it would have drafted in the past months (a dry run)."""
    months = _months(request)
    end = now()
    rows = rule_records.records(end - timedelta(days=round(30.44 * months)), end)
    codes = {code for row in rows for each in row.would for code in each.areas}
    names = dict(Division.objects.filter(code__in=codes).values_list("code", "name"))
    would = [
        (row.rule.rule_code, "、".join(names.get(code, code) for code in each.areas), each)
        for row in rows
        for each in row.would[-50:]
    ]
    context = {"rows": rows, "would": would[::-1], "months": months, "choices": MONTHS}
    return render(request, "alerts/rules.html", context)


def _months(request: HttpRequest) -> int:
    asked = request.GET.get("months", "")
    return int(asked) if asked.isdigit() and int(asked) in MONTHS else 12


@page("verification/", _("预警检验"), permission="alerts.alert.view", section=SECTION, icon="target")
def verification(request: HttpRequest) -> HttpResponse:
    """Scores by event over the last 3, 12 or 36 months."""
    months = _months(request)
    end = now()
    rows = occurrences.records(end - timedelta(days=round(30.44 * months)), end)
    codes = {code for row in rows for code, _colour, _start in row.missed_rows}
    names = dict(Division.objects.filter(code__in=codes).values_list("code", "name"))
    missed = [
        (row.name, names.get(code, code), colour, start)
        for row in rows
        for code, colour, start in row.missed_rows
    ]
    context = {"rows": rows, "missed": missed[:200], "months": months, "choices": MONTHS}
    return render(request, "alerts/verification.html", context)
