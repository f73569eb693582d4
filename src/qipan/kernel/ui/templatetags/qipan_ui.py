"""``{% load qipan_ui %}``: figures, badges, permissions, query strings, units, times, form controls."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms, template
from django.db.models import Model
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from qipan.kernel.access.decide import decide
from qipan.kernel.base.clock import now
from qipan.kernel.ui.assets import version
from qipan.kernel.ui.badges import badge as make_badge
from qipan.kernel.ui.register.cells import shown
from qipan.kernel.ui.register.table import table_rows
from qipan.kernel.ui.site import site

register = template.Library()


@register.simple_tag
def asset(path: str) -> str:
    """Address of a static file with the version of the installed assets."""
    return f"{static(path)}?v={version()}"


@register.simple_tag
def icon(name: str, css: str = "icon") -> SafeString:
    """A drawing from the local sprite; decoration only, hidden from screen readers."""
    sprite = f"{static('ui/icons.svg')}?v={version()}#{name}"
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', css, sprite)


@register.inclusion_tag("components/figure.html")
def figure(value: Any, unit: str = "", **more: Any) -> dict[str, Any]:
    """A number in words: ``{% figure 3 "件" label=… time=… href=… tone=… stream=… %}``."""
    return {"value": value, "unit": unit, **more}


@register.simple_tag
def badge(text: Any, tone: str = "muted") -> SafeString:
    """A short state in a tone: ok, warn, bad, info, muted, or a warning colour red/orange/yellow/blue."""
    return make_badge(text, tone)


@register.simple_tag(takes_context=True)
def can(context: Mapping[str, Any], user: Any, action: str, target: Model | None = None) -> bool:
    """Whether somebody may do something: ``{% can user "cases.case.close" case as may_close %}``."""
    actor = user or context["request"].user
    return decide(actor, action, target).allowed


@register.simple_tag(takes_context=True)
def query_string(context: Mapping[str, Any], **changes: Any) -> str:
    """The present query string with some values changed; None removes one."""
    params = context["request"].GET.copy()
    for key, value in changes.items():
        if value is None:
            params.pop(key, None)
        else:
            params[key] = value
    return f"?{params.urlencode()}"


@register.filter
def unit(value: Any, name: str) -> SafeString | str:
    """A value with its unit behind a thin gap; — for nothing."""
    if value is None or value == "":
        return "—"
    return format_html('{} <span class="unit">{}</span>', shown(value), name)


@register.filter
def localtime(value: datetime | None, style: str = "minute") -> SafeString | str:
    """An instant in county time inside a time element: "minute", "second", "day" or "short"."""
    if value is None:
        return "—"
    moment = timezone.localtime(value) if timezone.is_aware(value) else value
    styles = {"second": "%Y-%m-%d %H:%M:%S", "day": "%Y-%m-%d", "short": "%m-%d %H:%M"}
    text = moment.strftime(styles.get(style, "%Y-%m-%d %H:%M"))
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(), text)


@register.filter
def ago(value: datetime | None) -> SafeString | str:
    """How long ago (or until when) in words, with the instant itself as title."""
    if value is None:
        return "—"
    seconds = int((now() - value).total_seconds())
    text = _("%(span)s前") if seconds >= 0 else _("%(span)s后")
    moment = timezone.localtime(value)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        f"{moment:%Y-%m-%d %H:%M:%S}",
        text % {"span": span(abs(seconds))} if abs(seconds) >= 60 else _("刚刚"),
    )


@register.filter
def duration(seconds: float | None) -> str:
    """A length of time in words: 2天3小时, 5分钟."""
    return "—" if seconds is None else span(int(abs(seconds)))


def span(seconds: int) -> str:
    """Seconds in the two largest fitting units."""
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes = rest // 60
    if days:
        return _days(days) + (_hours(hours) if hours and days < 10 else "")
    if hours:
        return _hours(hours) + (_minutes(minutes) if minutes else "")
    return _minutes(minutes) if minutes else _("%(count)d秒") % {"count": seconds}


def _days(count: int) -> str:
    return _("%(count)d天") % {"count": count}


def _hours(count: int) -> str:
    return _("%(count)d小时") % {"count": count}


def _minutes(count: int) -> str:
    return _("%(count)d分钟") % {"count": count}


register.simple_tag(table_rows)


@register.simple_tag(takes_context=True)
def draw(context: Mapping[str, Any], panel: Any) -> SafeString:
    """A panel's own template with the panel's context, inside this request."""
    return mark_safe(render_to_string(panel.template, dict(panel.context), context["request"]))


@register.filter
def verbose_name(model: type[Model]) -> str:
    """What one row of a model is called."""
    return str(model._meta.verbose_name)


@register.filter
def plain_number(value: Any) -> str:
    """A number for scripts: no grouping, a point before decimals, whatever the language."""
    return str(value)


@register.filter
def url_of(row: Any) -> str:
    """Address of a row's page, "" when it has none."""
    return site.url_for(row)


@register.filter
def words(value: Any) -> object:
    """A plain value as people read it."""
    return value if isinstance(value, str | Promise) and value else shown(value)


CLASSES: tuple[tuple[tuple[type[forms.Widget], ...], str], ...] = (
    ((forms.CheckboxInput, forms.CheckboxSelectMultiple, forms.RadioSelect), "form-check-input"),
    ((forms.Select,), "form-select"),
)


@register.simple_tag
def control(field: forms.BoundField, size: str = "") -> SafeString:
    """The widget of a form field with its class and with what describes it and its errors."""
    kind = next((css for widgets, css in CLASSES if isinstance(field.field.widget, widgets)), "form-control")
    attrs: dict[str, Any] = {"class": f"{kind} {kind}-{size}" if size else kind}
    described = []
    if field.help_text:
        described.append(f"{field.auto_id}-help")
    if field.errors:
        attrs["class"] += " is-invalid"
        attrs["aria-invalid"] = "true"
        described.append(f"{field.auto_id}-error")
    if described:
        attrs["aria-describedby"] = " ".join(described)
    return field.as_widget(attrs=attrs)


@register.filter
def is_checkbox(field: forms.BoundField) -> bool:
    """A single box to tick: its label stands behind it."""
    return isinstance(field.field.widget, forms.CheckboxInput)


@register.filter
def is_wide(field: forms.BoundField) -> bool:
    """Long texts and files take the whole width of a form."""
    return isinstance(field.field.widget, forms.Textarea | forms.FileInput | forms.CheckboxSelectMultiple)


@register.filter
def is_file(field: forms.BoundField) -> bool:
    """A file input: pictures are previewed."""
    return isinstance(field.field.widget, forms.FileInput)
