"""Merchants the customers pay. No such shop exists."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Merchant:
    """A merchant, with its lowest and highest bill in cents."""

    name: str
    category: str
    low: int
    high: int


CARD = (
    Merchant("Café Zoë", "DINING", 380, 1_650),
    Merchant("Tidewater Market", "GROCERIES", 1_900, 11_400),
    Merchant("Tidewater Market", "GROCERIES", 1_400, 8_800),
    Merchant("Bäckerei Kornblume 🥐", "DINING", 290, 1_480),
    Merchant("The Brass Heron", "RESTAURANT", 2_400, 9_600),
    Merchant("Sushi こはる", "RESTAURANT", 1_900, 7_200),
    Merchant("مقهى الياسمين", "DINING", 420, 1_900),
    Merchant("Gullwing Fuel", "FUEL", 2_800, 6_900),
    Merchant("Old Mill Books", "SHOPPING", 900, 6_200),
    Merchant("Pallas Hardware", "HOME", 700, 14_900),
    Merchant("Silverline Trams", "TRANSPORT", 240, 980),
    Merchant("Harbour Pharmacy", "HEALTH", 620, 5_400),
    Merchant("Larkspur & Sons Outfitters", "SHOPPING", 2_200, 16_800),
    Merchant("Ośrodek Żagle", "LEISURE", 1_100, 6_400),
    Merchant("Petit Théâtre du Quai", "LEISURE", 1_400, 5_800),
    Merchant("Green Lantern Florist", "SHOPPING", 1_200, 5_200),
)
HOTEL = Merchant("Hotel Meerblick", "TRAVEL", 9_000, 24_000)
SUBSCRIPTIONS = (  # day of the month, merchant: the bill never changes
    (3, Merchant("Hummingbird Music", "ENTERTAINMENT", 1_099, 1_099)),
    (8, Merchant("Paperboat Streaming", "ENTERTAINMENT", 1_549, 1_549)),
    (12, Merchant("Fathom Cloud Storage", "SERVICES", 299, 299)),
    (27, Merchant("Iron Gate Gym", "HEALTH", 4_200, 4_200)),
)
DEBIT = (
    Merchant("Tidewater Market", "GROCERIES", 1_200, 7_900),
    Merchant("Saturday Farm Stalls", "GROCERIES", 800, 3_900),
    Merchant("Café Zoë", "DINING", 350, 980),
    Merchant("Corner Kiosk", "GROCERIES", 250, 1_450),
)
UTILITIES = (
    (5, Merchant("Brightwater Power", "UTILITIES", 6_200, 14_800)),
    (9, Merchant("City Waterworks", "UTILITIES", 3_100, 4_700)),
    (14, Merchant("Skylark Fibre", "UTILITIES", 5_490, 5_490)),
    (21, Merchant("Starling Mobile", "UTILITIES", 3_200, 3_950)),
)
LEGAL_BILL = (
    "Marigold & Thorne LLP, professional services rendered in the matter of the shared garden wall between "
    "numbers fourteen and sixteen, including two site visits, correspondence with the surveyor, a second "
    "surveyor and the municipal heritage office, one hour of telephone consultation, copies, postage and a "
    "modest allowance for biscuits; invoice reference MT/2231/GARDEN-WALL/PHASE-TWO, payable within thirty "
    "days, with our thanks for your continued confidence and our apologies for the length of this "
    "description, which is however exactly as it was given to the bank and is passed on in full because "
    "shortening it would be to lose information"
)
