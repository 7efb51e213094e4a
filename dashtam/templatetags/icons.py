"""Our icons: strokes on a 24 × 24 grid, drawn in the current text colour."""

ICONS = {
    "dashboard": '<path d="M4 20V10M10 20V4M16 20v-7M21 20H3"/>',
    "connections": '<path d="M9.5 14.5l5-5M11 6.5l1.6-1.6a4.5 4.5 0 0 1 6.4 6.4L17.5 13M6.5 11L5 12.6A4.5 4.5 0 0 0 11.4 19l1.6-1.5"/>',  # noqa: E501
    "import": '<path d="M12 16V4M7.5 8.5L12 4l4.5 4.5M4 15v4a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-4"/>',
    "settings": '<path d="M4 7h9M19 7h1M4 17h1M11 17h9"/><circle cx="16" cy="7" r="2.5"/><circle cx="8" cy="17" r="2.5"/>',
    "user": '<circle cx="12" cy="8" r="3.75"/><path d="M4.5 20c.8-3.6 3.8-5.5 7.5-5.5s6.7 1.9 7.5 5.5"/>',
    "sign-out": '<path d="M14 4H6a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h8M10 12h11M17.5 8.5L21 12l-3.5 3.5"/>',
    "sun": '<circle cx="12" cy="12" r="4"/><path d="M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4"/>',  # noqa: E501
    "moon": '<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z"/>',
    "check": '<path d="M5 12.5l4.5 4.5L19 7.5"/>',
    "check-circle": '<circle cx="12" cy="12" r="9"/><path d="M8 12.3l2.8 2.8L16 9.5"/>',
    "clock": '<circle cx="12" cy="12" r="9"/><path d="M12 7v5.3l3.5 2"/>',
    "warning": '<path d="M12 3.8L21.5 20h-19zM12 10v4.5M12 17.2v.1"/>',
    "error": '<path d="M8.2 3h7.6L21 8.2v7.6L15.8 21H8.2L3 15.8V8.2zM12 7.5v5.5M12 16.3v.1"/>',
    "info": '<circle cx="12" cy="12" r="9"/><path d="M12 11v5.5M12 7.6v.1"/>',
    "key": '<circle cx="7.5" cy="15.5" r="4"/><path d="M10.5 12.5L20 3M16 7l3 3"/>',
    "pending": '<circle cx="12" cy="12" r="9" stroke-dasharray="3 3.28"/>',
    "revoked": '<circle cx="12" cy="12" r="9"/><path d="M5.7 18.3L18.3 5.7"/>',
    "unplugged": '<path d="M4 20l3-3M8 10l6 6-1.5 1.5a4.24 4.24 0 0 1-6-6zM20 4l-3 3M16 14l-6-6 1.5-1.5a4.24 4.24 0 0 1 6 6z"/>',  # noqa: E501
    "arrow-left": '<path d="M20 12H4M10 6l-6 6 6 6"/>',
    "chevron-left": '<path d="M14.5 6l-6 6 6 6"/>',
    "chevron-right": '<path d="M9.5 6l6 6-6 6"/>',
    "chevron-down": '<path d="M6 9.5l6 6 6-6"/>',
    "copy": '<rect x="8.5" y="8.5" width="12" height="12" rx="2"/><path d="M15.5 5V4.5a1 1 0 0 0-1-1h-10a1 1 0 0 0-1 1v10a1 1 0 0 0 1 1H5"/>',  # noqa: E501
    "search": '<circle cx="10.5" cy="10.5" r="6.5"/><path d="M15.5 15.5L21 21"/>',
    "plus": '<path d="M12 5v14M5 12h14"/>',
    "close": '<path d="M6 6l12 12M18 6L6 18"/>',
    "external": '<path d="M13.5 4H20v6.5M20 4l-9 9M10 5H5a1 1 0 0 0-1 1v13a1 1 0 0 0 1 1h13a1 1 0 0 0 1-1v-5"/>',
    "refresh": '<path d="M20 12a8 8 0 1 1-2.4-5.7L20 8.5M20 4v4.5h-4.5"/>',
    "download": '<path d="M12 4v12M7.5 11.5L12 16l4.5-4.5M4 20h16"/>',
    "bank": '<path d="M3 9.5L12 4l9 5.5zM5.5 12.5v5M10 12.5v5M14 12.5v5M18.5 12.5v5M3 20.5h18"/>',
    "card": '<rect x="2.5" y="5" width="19" height="14" rx="2.5"/><path d="M2.5 10h19M6 15h4"/>',
    "loan": '<path d="M12 3.5l8.5 6.5v10.5h-17V10zM12 11v6M9.5 13h5"/>',
    "investment": '<path d="M3 17.5l6-6.5 4.5 4L21 6.5M15.5 6.5H21V12"/>',
    "wallet": '<path d="M4 7.5h15a1.5 1.5 0 0 1 1.5 1.5v9.5A1.5 1.5 0 0 1 19 20H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2h12v3.5M16.5 13.7v.1"/>',  # noqa: E501
    "bell": '<path d="M6 16.5V11a6 6 0 1 1 12 0v5.5l1.5 1.5h-15zM10 21h4"/>',
    "shield": '<path d="M12 3l7.5 3v5.5c0 4.5-3 8-7.5 9.5-4.5-1.5-7.5-5-7.5-9.5V6zM8.7 12l2.3 2.3 4.3-4.3"/>',
    "device": '<rect x="3" y="4.5" width="18" height="12" rx="1.5"/><path d="M9 20.5h6M12 16.5v4"/>',
    "webhook": '<circle cx="6" cy="17" r="3"/><circle cx="18" cy="17" r="3"/><circle cx="12" cy="6.5" r="3"/><path d="M9 17h6M7.5 14.3l3-5.2M13.5 9.1l3 5.2"/>',  # noqa: E501
    "mail": '<rect x="3" y="5" width="18" height="14" rx="2"/><path d="M3.5 7l8.5 6 8.5-6"/>',
    "trash": '<path d="M4 6.5h16M9 6.5V4h6v2.5M6 6.5l1 14h10l1-14M10 10.5v6M14 10.5v6"/>',
    "lock": '<rect x="4.5" y="10.5" width="15" height="10" rx="2"/><path d="M8 10.5V7.5a4 4 0 0 1 8 0v3M12 14.5v2"/>',
    "file": '<path d="M14 3H6a1 1 0 0 0-1 1v16a1 1 0 0 0 1 1h12a1 1 0 0 0 1-1V8zM14 3v5h5M8.5 13h7M8.5 17h5"/>',
    "offline": '<path d="M3 3l18 18M5 12.5a10 10 0 0 1 3.5-2.2M2 9a15 15 0 0 1 4-2.5M12 6c3.8 0 7.3 1.2 10 3M15.5 10.5a10 10 0 0 1 3.5 2M9 16a5 5 0 0 1 5.5-.5M12 19.5v.1"/>',  # noqa: E501
}
