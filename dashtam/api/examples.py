"""Examples for the OpenAPI document, made from the shapes themselves, so that they cannot fall behind."""

from typing import Any

# What a field of that name looks like; where a shape gives its own default or list of values, those count.
SAMPLES: dict[str, Any] = {
    "access_token": "eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
    "authorization_url": "https://dashtam.example.org/connections/start/AAAA",
    "base_currency": "EUR",
    "closing_balance": "1203.44",
    "currency": "EUR",
    "current_password": "correct horse battery staple",
    "cusip": "037833100",
    "description": "Corner Café",
    "download_url": "https://dashtam.example.org/api/v1/auth/me/exports/0190/file",
    "email": "ana@example.org",
    "error_code": "",
    "error_detail": "",
    "expires_in": 600,
    "filename": "march.ofx",
    "format": "ofx2",
    "hint": "x7Qa",
    "invitation": "AAAA",
    "isin": "IE00B4L5Y983",
    "issuer": "https://id.example.org",
    "key": "dsh_example",
    "kind": "purchase",
    "label": "ana@id.example.org",
    "limit": 50,
    "mask": "4821",
    "name": "Everyday account",
    "network": "203.0.113.0/24",
    "new_password": "another quiet river at dusk",
    "next_cursor": None,
    "note": "Birthday dinner",
    "otp": "123456",
    "otpauth_uri": "otpauth://totp/Dashtam:ana%40example.org?secret=GEZDGNBVGY3TQOJQ",
    "password": "correct horse battery staple",
    "price": "101.25",
    "provider": "sandbox",
    "provider_name": "Sandbox Bank",
    "quantity": "12.5",
    "reason": "The amount is not a number.",
    "recovery_codes": ["h7kq2m9xw4"],
    "refresh_token": "AAAA",
    "secret": "GEZDGNBVGY3TQOJQ",
    "slug": "sandbox",
    "state_reason": "",
    "subtype": "checking",
    "summary": "Signed in.",
    "symbol": "VWCE",
    "ticket": "AAAA",
    "time_zone": "Europe/Lisbon",
    "token": "AAAA",
    "token_type": "Bearer",
    "user_agent": "Firefox on Linux",
}
MONEY = "An exact decimal"
BY_FORMAT: dict[str, Any] = {
    "uuid": "01941f29-7c00-7aaa-8000-3f1c5e7b9d2f",
    "date-time": "2026-11-29T08:30:00Z",
    "date": "2026-11-29",
    "email": "ana@example.org",
    "uri": "https://dashtam.example.org/",
    "binary": "(the file)",
    "decimal": "10.00",
    "ipv4": "203.0.113.7",
    "ipv6": "2001:db8::7",
}
BY_TYPE: dict[str, Any] = {
    "string": "text",
    "integer": 3,
    "number": 3,
    "boolean": True,
    "null": None,
    "object": {},
}


def add_examples(schema: dict[str, Any]) -> None:
    """Give each JSON body, asked and answered, an example."""
    shapes = schema["components"]["schemas"]
    for path in schema["paths"].values():
        for operation in path.values():
            answers = [response.get("content", {}) for response in operation["responses"].values()]
            for content in (operation.get("requestBody", {}).get("content", {}), *answers):
                body = content.get("application/json")
                if body is not None and "examples" not in body:
                    body["example"] = example_of(body["schema"], shapes)


def example_of(shape: dict[str, Any], shapes: dict[str, Any], name: str = "") -> Any:
    """A value of this shape."""
    if "$ref" in shape:
        return example_of(shapes[shape["$ref"].rpartition("/")[2]], shapes, name)
    for several in ("allOf", "oneOf", "anyOf"):
        if several in shape:
            return example_of(shape[several][0], shapes, name)
    if "enum" in shape:
        return SAMPLES[name] if SAMPLES.get(name) in shape["enum"] else shape["enum"][0]
    if shape.get("properties"):
        return {key: example_of(each, shapes, key) for key, each in shape["properties"].items()}
    return _plain(shape, shapes, name)


def _plain(shape: dict[str, Any], shapes: dict[str, Any], name: str) -> Any:
    kinds = shape.get("type", "string")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if "default" in shape:
        return shape["default"]
    if str(shape.get("description", "")).startswith(MONEY):
        return SAMPLES.get(name, "42.10") if name in {"quantity", "price"} else "42.10"
    if name in SAMPLES and kind != "array":
        return SAMPLES[name]
    if kind == "array":
        return SAMPLES.get(name) or [example_of(shape["items"], shapes)]
    if isinstance(shape.get("additionalProperties"), dict):
        return {}
    return BY_FORMAT.get(shape.get("format", ""), BY_TYPE.get(kind, "text"))
