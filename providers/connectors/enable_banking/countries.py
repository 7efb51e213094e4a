"""Countries in which Enable Banking reaches banks."""

_NAMES = (
    "AT Austria|BE Belgium|BG Bulgaria|HR Croatia|CY Cyprus|CZ Czechia|DK Denmark|EE Estonia|FI Finland|FR France|"
    "DE Germany|GR Greece|HU Hungary|IS Iceland|IE Ireland|IT Italy|LV Latvia|LI Liechtenstein|LT Lithuania|"
    "LU Luxembourg|MT Malta|NL Netherlands|NO Norway|PL Poland|PT Portugal|RO Romania|SK Slovakia|SI Slovenia|"
    "ES Spain|SE Sweden|GB United Kingdom"
)
COUNTRIES = tuple((each[:2], each[3:]) for each in _NAMES.split("|"))
CODES = tuple(code for code, _ in COUNTRIES)
