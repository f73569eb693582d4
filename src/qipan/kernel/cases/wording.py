"""Names of states, steps, clocks and reasons as people read them."""

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class StateChoice(models.TextChoices):
    """States of a case (see states.State)."""

    REPORTED = "reported", _("待受理")
    TO_VERIFY = "to_verify", _("待核实")
    TO_FILE = "to_file", _("待立案")
    TO_DISPATCH = "to_dispatch", _("待派遣")
    HANDLING = "handling", _("处置中")
    TO_CHECK = "to_check", _("待核查")
    TO_CLOSE = "to_close", _("待结案")
    CLOSED = "closed", _("已结案")
    REFUSED = "refused", _("不予受理")
    MERGED = "merged", _("已并案")
    WITHDRAWN = "withdrawn", _("已撤回")
    VOIDED = "voided", _("作废")


class TaskChoice(models.TextChoices):
    """States of an assignment (see states.Task)."""

    SENT = "sent", _("已派遣")
    SIGNED = "signed", _("已签收")
    WORKING = "working", _("处置中")
    DONE = "done", _("已反馈")
    RETURNED = "returned", _("已退回")
    SUSPENDED = "suspended", _("挂账")
    REWORK = "rework", _("返工")
    CANCELLED = "cancelled", _("已取消")


class TaskRole(models.TextChoices):
    """What part an organisation has in a case; the informed ones do not count."""

    LEAD = "lead", _("主办")
    JOINT = "joint", _("协办")
    INFORMED = "informed", _("知会")


class Source(models.TextChoices):
    """How a report came in."""

    DEVICE = "device", _("设备监测")
    WEB = "web", _("网上上报")
    PHONE = "phone", _("电话")
    PERSON = "person", _("人员巡查")
    PEER = "peer", _("平台转办")


class PhotoKind(models.TextChoices):
    """What a photo shows."""

    REPORT = "report", _("上报照片")
    BEFORE = "before", _("处置前")
    AFTER = "after", _("处置后")
    CHECK = "check", _("核查照片")


class ClockChoice(models.TextChoices):
    """Clocks of a case."""

    ACCEPT = "accept", _("受理")
    VERIFY = "verify", _("核实")
    FILE = "file", _("立案")
    DISPATCH = "dispatch", _("派遣")
    SIGN = "sign", _("签收")
    HANDLE = "handle", _("处置")
    CHECK = "check", _("核查")
    CLOSE = "close", _("结案")
    TOTAL = "total", _("全程")


class UnitChoice(models.TextChoices):
    """Units of limits (see clock.Unit)."""

    URGENT_HOUR = "urgent_hour", _("紧急工作时")
    WORK_HOUR = "work_hour", _("工作时")
    WORK_DAY = "work_day", _("工作日")
    CALENDAR_DAY = "calendar_day", _("自然日")


class Grade(models.IntegerChoices):
    """Five-level rating; the last two are bad and ask for a call back."""

    VERY_GOOD = 5, _("非常满意")
    GOOD = 4, _("满意")
    FAIR = 3, _("基本满意")
    BAD = 2, _("不满意")
    VERY_BAD = 1, _("非常不满意")


STEP_NAMES: dict[str, Promise] = {
    "report": _("上报"),
    "accept": _("受理"),
    "refuse": _("不予受理"),
    "appeal": _("申诉"),
    "verify": _("核实"),
    "file": _("立案"),
    "dispatch": _("派遣"),
    "finish": _("处置完毕"),
    "check": _("核查通过"),
    "rework": _("返工"),
    "close": _("结案"),
    "reopen": _("重新办理"),
    "self_handle": _("自行处置"),
    "transfer": _("移交"),
    "withdraw": _("撤回"),
    "ask_void": _("申请作废"),
    "void": _("同意作废"),
    "note": _("公开说明"),
    "urge": _("督办"),
    "merge": _("并案"),
    "unmerge": _("取消并案"),
    "send": _("派发任务"),
    "sign": _("签收"),
    "return": _("退回"),
    "redirect": _("改派"),
    "insist": _("维持派遣"),
    "start": _("开始处置"),
    "arrive": _("到达现场"),
    "feedback": _("反馈结果"),
    "redo": _("退回返工"),
    "ask_suspension": _("申请挂账"),
    "suspend": _("同意挂账"),
    "refuse_suspension": _("不同意挂账"),
    "resume": _("恢复处置"),
    "ask_extension": _("申请延期"),
    "extend": _("同意延期"),
    "refuse_extension": _("不同意延期"),
    "cancel": _("取消任务"),
}

FLOW_NAMES: dict[str, Promise] = {
    "urban7": _("城市管理七环节"),
    "grid": _("网格事件"),
    "dispatch": _("指挥调度"),
    "hazard": _("隐患排查治理"),
    "repair": _("报修"),
    "consult": _("咨询答复"),
}

REASONS: dict[str, tuple[tuple[str, Promise], ...]] = {
    "refuse": (
        ("not_found", _("现场未发现")),
        ("not_ours", _("不属于本县管辖")),
        ("duplicate", _("重复上报")),
        ("unclear", _("信息不清且无法联系")),
        ("no_basis", _("不符合立案条件")),
    ),
    "return": (
        ("not_responsible", _("不属于本单位职责")),
        ("wrong_area", _("不在本辖区")),
        ("wrong_type", _("类别有误")),
        ("cannot", _("不具备处置条件")),
    ),
    "rework": (
        ("not_fixed", _("未整改")),
        ("partly_fixed", _("整改不到位")),
        ("evidence_mismatch", _("证据不符")),
        ("false_feedback", _("虚假反馈")),
    ),
    "ask_suspension": (
        ("funds", _("需立项资金")),
        ("season", _("需季节施工")),
        ("weather", _("天气原因")),
        ("ownership", _("权属待确认")),
        ("legal", _("涉法涉诉")),
        ("party", _("当事人原因")),
        ("project", _("重大工程")),
        ("superior", _("上级交办")),
    ),
    "ask_extension": (
        ("workload", _("工程量大")),
        ("coordination", _("需协调")),
        ("evidence", _("证据不足")),
    ),
    "ask_void": (("test", _("测试数据")), ("mistake", _("误报")), ("doubled", _("重复录入"))),
    "transfer": (
        ("level", _("本级无法解决")),
        ("competence", _("属于其他单位职责")),
        ("down", _("可由下级就地解决")),
    ),
}

PHOTO_FLAGS: dict[str, Promise] = {
    "no_place": _("照片没有位置"),
    "outside_grid": _("拍摄位置不在网格内"),
    "far": _("拍摄位置离现场较远"),
    "old": _("拍摄时间早于提交时间30分钟以上"),
    "no_time": _("照片没有拍摄时间"),
    "poor_fix": _("定位精度低于200米"),
}
