"""Where people say they are: tables of what they type and what is understood."""

import pytest

from content import library
from db.reference.gazetteer import Gazetteer
from handlers.services.geo import distance_words, haversine_km, miles
from handlers.services.places import (
    DidYouMean,
    NotInUk,
    PlaceFound,
    PlaceUnknown,
    find_place,
    mentioned_place,
    place_from_pin,
)

GRIMSBY = (53.5654, -0.0755)
REDDITCH = (52.3065, -1.9457)


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.open()


@pytest.mark.parametrize(
    ("text", "district", "sector", "precision"),
    [
        ("DN37 7DL", "DN37", "DN37 7", "postcode"),
        ("dn377dl", "DN37", "DN37 7", "postcode"),
        ("dn 37 7 dl", "DN37", "DN37 7", "postcode"),
        ("DN37-7DL", "DN37", "DN37 7", "postcode"),
        ("DN37.7DL.", "DN37", "DN37 7", "postcode"),
        ("DN3I 1AA", "DN31", "DN31 1", "postcode"),
        ("DN4O 2AE", "DN40", "DN40 2", "postcode"),
        ("SWlA 1AA", "SW1A", "SW1A 1", "postcode"),
        ("im at 12 Rutland St dn31 1aa", "DN31", "DN31 1", "postcode"),
        ("postcode is b97 4hp", "B97", "B97 4", "postcode"),
        ("Dn 33 2 la", "DN33", "DN33 2", "postcode"),
        ("WR11 4 TG", "WR11", "WR11 4", "postcode"),
        # Well formed but not there: as much of it as is.
        ("dn31 3eq", "DN31", "DN31 3", "sector"),
        ("DN31 0ZZ", "DN31", None, "district"),
        ("bt48 7ab", "BT48", None, "district"),
        ("DN37 7", "DN37", "DN37 7", "sector"),
        ("dn377", "DN37", "DN37 7", "sector"),
        ("dn 37 7", "DN37", "DN37 7", "sector"),
        ("DN37 7D", "DN37", "DN37 7", "sector"),
        ("DN31 2 kits", "DN31", None, "district"),
        ("b97", "B97", None, "district"),
        ("DNO1", "DN1", None, "district"),
        ("DN01", "DN1", None, "district"),
        ("W12", "W12", None, "district"),
        ("sw1", "SW1", None, "district"),
        ("lost my kit and im in b97 can i get another", "B97", None, "district"),
        ("i'm 5 mins away in dn35", "DN35", None, "district"),
        ("so 15", "SO15", None, "district"),
        # Names.
        ("Laceby", "DN37", None, "place"),
        ("near laceby by the shop", "DN37", None, "place"),
        ("in cleethorpes mate", "DN35", None, "place"),
        ("in cleethorpes m8", "DN35", None, "place"),
        ("1 high st, new waltham", "DN36", None, "place"),
        ("the blue door opposite the ambulance station in grimsby", "DN32", None, "place"),
        ("round the corner from the docks in grimsby", "DN32", None, "place"),
        ("grimsby hospital", "DN32", None, "place"),
        ("im homeless in grimsby", "DN32", None, "place"),
        ("laceby near grimsby", "DN37", None, "place"),
        ("near tesco in redditch", "B97", None, "place"),
        ("worcester city centre", "WR1", None, "place"),
        ("on the winyates estate", "B98", None, "place"),
        ("malvern link", "WR14", None, "place"),
        ("ah'm in govan", "G51", None, "place"),
        ("healing", "DN37", None, "place"),
        ("im in bath", "BA1", None, "place"),
        ("reading", "RG1", None, "place"),
        ("st andrews", "KY16", None, "place"),
        ("kings lynn", "PE30", None, "place"),
        # One of several of that name: the near one, the named one, the famous one.
        ("waltham", "DN37", None, "place"),
        ("ashby", "DN16", None, "place"),
        ("waltham kent", "CT4", None, "place"),
        ("newport, wales", "NP20", None, "place"),
        ("newport isle of wight", "PO30", None, "place"),
        ("london", "WC2N", None, "place"),
        ("hull", "HU2", None, "place"),
    ],
)
def test_found(
    gazetteer: Gazetteer, text: str, district: str, sector: str | None, precision: str
) -> None:
    found = find_place(text, gazetteer, near=GRIMSBY)
    assert isinstance(found, PlaceFound)
    assert (found.district, found.sector, found.precision) == (district, sector, precision)
    assert found.error_km > 0
    assert found.country


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("dn37 7dl", "Laceby (DN37 7)"),
        ("laceby", "Laceby (DN37)"),
        ("dn37", "Grimsby (DN37)"),
        ("grimsby", "Grimsby"),
        ("flat 3, 12 Rutland St, dn31 1aa", "Grimsby (DN31 1)"),
    ],
)
def test_labels_name_no_house_and_no_street(gazetteer: Gazetteer, text: str, label: str) -> None:
    found = find_place(text, gazetteer, near=GRIMSBY)
    assert isinstance(found, PlaceFound)
    assert found.label == label
    assert "utland" not in repr(found)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("clethorpes", "Cleethorpes, Lincolnshire (DN35)"),
        ("im in kiderminster near the bus station", "Kidderminster, Worcestershire (DY10)"),
        ("cleethorps near the station", "Cleethorpes, Lincolnshire (DN35)"),
        ("near scarthoe", "Scartho, Lincolnshire (DN33)"),
        ("redich", "Redditch, Worcestershire (B97)"),
        ("stourport", "Stourport-on-Severn, Worcestershire (DY13)"),
        ("newcastle", "Newcastle upon Tyne, Tyne and Wear (NE1)"),
    ],
)
def test_did_you_mean(gazetteer: Gazetteer, text: str, first: str) -> None:
    found = find_place(text, gazetteer, near=GRIMSBY)
    assert isinstance(found, DidYouMean)
    assert 1 <= len(found.options) <= 3
    assert found.options[0].label == first


def test_the_same_name_far_from_anywhere_is_asked_about(gazetteer: Gazetteer) -> None:
    for near in (None, GRIMSBY):
        found = find_place("newport", gazetteer, near=near)
        assert isinstance(found, DidYouMean)
        assert "Newport, Isle of Wight (PO30)" in [o.label for o in found.options]


@pytest.mark.parametrize(
    "text", ["D02 X285", "d02x285", "dublin", "im in dublin", "Paris", "moscow", "in Poland"]
)
def test_abroad(gazetteer: Gazetteer, text: str) -> None:
    assert find_place(text, gazetteer, near=GRIMSBY) == NotInUk()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "no",
        "why",
        "dont know",
        "what do you mean",
        "homeless",
        "in a tent",
        "12 high street",
        "im by the bus stop outside the hospital",
        "flat above the bookies on freeman street",
        "zz1 1aa",
        "07700 900123",
        "🙂",
    ],
)
def test_unknown(gazetteer: Gazetteer, text: str) -> None:
    assert find_place(text, gazetteer, near=GRIMSBY) == PlaceUnknown()


@pytest.mark.parametrize(
    ("text", "district"),
    [
        ("lost my kit and im in b97 can i get another", "B97"),
        ("ISSUED 2 friend B97", "B97"),
        ("pharmacy near dn35", "DN35"),
        ("boots in redditch do they do the kits", "B97"),
        ("whats the chemist in laceby called again", "DN37"),
        ("not an emergency, im in immingham", "DN40"),
        ("DN32 7LU but forget the kit", "DN32"),
        ("grimsby", "DN32"),
        ("Healing", "DN37"),
        ("im in bath", "BA1"),
    ],
)
def test_mentioned(gazetteer: Gazetteer, text: str, district: str) -> None:
    found = mentioned_place(text, gazetteer, GRIMSBY)
    assert found is not None
    assert found.district == district


@pytest.mark.parametrize(
    "text",
    [
        "kit",
        "stop",
        "over",
        "work",
        "hope",
        "thanks mate",
        "cheers m8",
        "M8 ODd no pulse",
        "me 2",
        "so 15 minutes then",
        "im 5 mins away",
        "can i have 2 or 3",
        "i need to be in work at 9",
        "he is reading in bed",
        "from hope",
        "from paul",
        "interested in reading about it",
        "gone over in the bog",
        "YES 42",
        "ISSUED K7F-3QX",
        "i used 2 sprays at 10 to 3 pm",
        "newport",
        "my mate dean gave it",
        "a lad in the street at the bank",
    ],
)
def test_ordinary_words_are_no_places(gazetteer: Gazetteer, text: str) -> None:
    assert mentioned_place(text, gazetteer, REDDITCH) is None


@pytest.mark.parametrize(
    ("lat", "lon", "district"),
    [
        (53.5409, -0.1683, "DN37"),  # Laceby: nearer to the middle of DN34
        (53.5560, -0.0180, "DN35"),  # the beach at Cleethorpes
        (52.3066, -1.9410, "B98"),
        (56.7970, -5.0030, "PH33"),  # Ben Nevis: far from any address, but on land
        (54.8270, -7.4630, "BT82"),  # Strabane, a river's width from the Republic
        (54.9960, -7.3100, "BT48"),
        (54.1500, -4.4800, "IM1"),
    ],
)
def test_pins(gazetteer: Gazetteer, lat: float, lon: float, district: str) -> None:
    found = place_from_pin(lat, lon, gazetteer)
    assert isinstance(found, PlaceFound)
    assert (found.district, found.precision) == (district, "pin")


@pytest.mark.parametrize(
    ("lat", "lon"),
    [
        (53.60, 0.15),  # at sea off Cleethorpes
        (55.00, 3.00),  # the middle of the North Sea
        (50.95, 1.86),  # Calais
        (53.35, -6.26),  # Dublin
        (54.831, -7.480),  # Lifford, over the bridge from Strabane
        (54.004, -6.405),  # Dundalk
        (40.7, -74.0),
        (0.0, 0.0),
    ],
)
def test_pins_outside(gazetteer: Gazetteer, lat: float, lon: float) -> None:
    assert place_from_pin(lat, lon, gazetteer) == NotInUk()


def test_a_pin_is_kept_no_more_exactly_than_100_metres(gazetteer: Gazetteer) -> None:
    found = place_from_pin(53.5409123, -0.1683456, gazetteer)
    assert isinstance(found, PlaceFound)
    assert (found.lat, found.lon, found.error_km) == (53.541, -0.168, 0.1)


@pytest.mark.parametrize(
    ("km", "error_km", "words"),
    [
        (0.0, 0.0, "less than half a mile away"),
        (0.6, 0.1, "less than half a mile away"),
        (0.8, 0.1, "about half a mile away"),
        (1.6, 0.2, "about 1 mile away"),
        (3.2, 0.5, "about 2 miles away"),
        (4.0, 2.6, "less than 5 miles away"),
        (4.5, 2.0, "somewhere between 1 and 5 miles away"),
        (0.5, 1.0, "less than a mile away"),
        (40.0, 2.6, "about 25 miles away"),
        (16.0, 6.0, "somewhere between 6 and 14 miles away"),
    ],
)
def test_distances_are_said_as_exactly_as_they_are_known(
    km: float, error_km: float, words: str
) -> None:
    assert library.said("en", distance_words(km, error_km)) == words
    assert words.isascii()


def test_kilometres_and_miles() -> None:
    assert miles(1.609344) == 1
    assert haversine_km(GRIMSBY, GRIMSBY) == 0
    assert haversine_km((51.5, 0.0), (52.5, 0.0)) == pytest.approx(111.2, abs=0.1)
