"""The words that the shop's rows are made of."""

from __future__ import annotations

from typing import Final

CATEGORIES: Final = {
    "Kitchen": ("Pans", "Knives", "Kettles", "Glasses"),
    "Garden": ("Tools", "Seeds", "Furniture", "Lights"),
    "Office": ("Paper", "Pens", "Lamps", "Chairs"),
    "Sport": ("Running", "Cycling", "Climbing", "Swimming"),
    "Music": ("Strings", "Percussion", "Records", "Stands"),
    "Toys": ("Puzzles", "Blocks", "Games", "Kites"),
    "Travel": ("Bags", "Tents", "Maps", "Bottles"),
    "Home": ("Rugs", "Curtains", "Clocks", "Frames"),
}
ADJECTIVES: Final = (
    "Blue", "Sturdy", "Light", "Folding", "Silent", "Warm", "Copper", "Woollen", "Round", "Slim",
    "Oak", "Bright", "Soft", "Northern", "Classic", "Quick",
)  # fmt: skip
THINGS: Final = (
    "Kettle", "Lamp", "Chair", "Rucksack", "Clock", "Notebook", "Blanket", "Bottle", "Tent",
    "Puzzle", "Kite", "Rug", "Frame", "Teapot", "Spade", "Drum", "Rope", "Helmet", "Basket",
)  # fmt: skip
SENTENCES: Final = (
    "Made to be repaired: every part can be ordered on its own.",
    "It folds flat and hangs on the hook that comes with it.",
    "The surface is oiled, not painted, and grows **darker** with use.",
    "Tested for ten thousand cycles at the factory.",
    "Wipe with a damp cloth; *never* put it into the machine.",
    "Weighs less than it looks, carries more than it should.",
    "The colour may differ a little from what your screen shows.",
    "Comes in a box made of recycled cardboard without tape.",
    "A favourite of our customers for **twelve** years.",
    "Two people can set it up in *five* minutes.",
    "Spare parts are kept for at least ten years.",
    "Designed for small rooms and large families.",
)
FIRST_NAMES: Final = (
    "Ada", "Bruno", "Chen", "Dilan", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kofi",
    "Lena", "Malik", "Nora", "Olga", "Pedro", "Quinn", "Rosa", "Sven", "Tariq", "Uma", "Vera",
)  # fmt: skip
LAST_NAMES: Final = (
    "Almeida", "Berg", "Costa", "Dahl", "Eriksen", "Fischer", "Garcia", "Haddad", "Ivanov",
    "Jensen", "Kim", "Lopez", "Meyer", "Novak", "Okafor", "Petit", "Rossi", "Santos", "Tanaka",
)  # fmt: skip
STREETS: Final = ("Mill Lane", "Station Road", "Harbour Street", "Church Hill", "Long Acre")
CITIES: Final = (
    ("Lisbon", "PT"),
    ("Oslo", "NO"),
    ("Berlin", "DE"),
    ("Lyon", "FR"),
    ("Turin", "IT"),
    ("Ghent", "BE"),
    ("Leeds", "GB"),
    ("Seville", "ES"),
)
REVIEW_TITLES: Final = (
    "Does what it says",
    "A gift, well received",
    "Smaller than expected",
    "Second one I bought",
    "Arrived broken, replaced at once",
    "Fine for the price",
)
PAYMENT_METHODS: Final = ("card", "transfer", "invoice", "wallet")
EVENT_NOTES: Final = ("by the customer", "by the warehouse", "by the carrier", "automatically")
