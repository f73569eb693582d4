"""What the frame around every page knows."""

from collections.abc import Mapping
from functools import cached_property, lru_cache

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language

from qipan.kernel.access.models import ANONYMOUS, Account, Actor
from qipan.kernel.messages.receipts import unread_count
from qipan.kernel.orgs.models import Division
from qipan.kernel.ui import notices
from qipan.kernel.ui.declarations import PUBLIC
from qipan.kernel.ui.menu import Link, MenuChapter
from qipan.kernel.ui.site import site


@lru_cache(maxsize=1)
def _named_county() -> str:
    """The county's name from the division tree; raises LookupError until the tree is loaded."""
    code = settings.COUNTY_CODE.ljust(12, "0")
    name = Division.objects.filter(code=code).values_list("name", flat=True).first()
    if name is None:
        raise LookupError(code)
    return name


class Frame:
    """Menu, unread messages, notices and preferences of one request; each computed when asked."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @property
    def actor(self) -> Actor:
        """Who is asking; the visitor when the error came before sign-in was looked at."""
        user = getattr(self.request, "user", ANONYMOUS)
        return user if isinstance(user, Account) else ANONYMOUS

    @property
    def account(self) -> Account | None:
        """The account signed in, or None."""
        return self.actor if isinstance(self.actor, Account) else None

    @cached_property
    def menu(self) -> tuple[MenuChapter, ...]:
        """Chapters with permitted entries."""
        return site.menu(self.request) if hasattr(self.request, "user") else ()

    @cached_property
    def public_links(self) -> tuple[Link, ...]:
        """Entries of the residents' face: menu pages for everybody under /public/."""
        return tuple(
            Link(page.title, page.path, page.icon, active=self.request.path.startswith(page.path))
            for page in site.pages
            if page.menu and page.permission == PUBLIC and page.path.startswith("/public/")
        )

    @cached_property
    def unread(self) -> int:
        """Unread messages of the account."""
        return unread_count(self.account) if self.account else 0

    @cached_property
    def notices(self) -> list[notices.Notice]:
        """Notices of the last request, shown once."""
        return notices.take(self.request)

    @cached_property
    def county(self) -> str:
        """The county's name, "" until the divisions are loaded."""
        try:
            return _named_county()
        except LookupError:
            return ""

    @property
    def language(self) -> str:
        """Language of the page for the html element (BCP 47)."""
        return "en" if get_language() == "en" else "zh-CN"

    @property
    def theme(self) -> str:
        """auto, light or dark."""
        return self._cookie("qipan_theme", ("auto", "light", "dark"))

    @property
    def large_type(self) -> bool:
        """The reader asked for large type."""
        return self._cookie("qipan_type", ("normal", "large")) == "large"

    @property
    def demo(self) -> bool:
        """Demo data are on show."""
        return bool(settings.DEMO)

    @property
    def search_url(self) -> str:
        """Address of the page behind the search box; "" for visitors."""
        return reverse(site.search_url_name) if self.account and site.search_url_name else ""

    def _cookie(self, name: str, allowed: tuple[str, ...]) -> str:
        value = self.request.COOKIES.get(name, allowed[0])
        return value if value in allowed else allowed[0]


def frame(request: HttpRequest) -> Mapping[str, object]:
    """Context processor: ``frame`` in every template."""
    return {"frame": Frame(request)}
