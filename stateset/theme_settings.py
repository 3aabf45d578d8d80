"""How the admin's theme looks; callbacks by dotted name, so nothing is imported."""

from __future__ import annotations

from typing import Any

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "StateSet",
    "SITE_HEADER": "StateSet",
    "SITE_SYMBOL": "deployed_code",
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "primary": {
            "50": "#eff6ff",
            "100": "#dbeafe",
            "200": "#bfdbfe",
            "300": "#93c5fd",
            "400": "#7db4fc",
            "500": "#5d9dfa",
            "600": "#1d5bd6",
            "700": "#1d4ed8",
            "800": "#1e40af",
            "900": "#1e3a8a",
            "950": "#172554",
        }
    },
    "SIDEBAR": {"navigation": "stateset.sidebar.navigation"},
    "SITE_FAVICONS": [{"rel": "icon", "href": "stateset.site.icon_url"}],
    "STYLES": ["stateset.site.style_url"],
    "SCRIPTS": ["stateset.site.script_url", "stateset.site.mending_url"],
}
