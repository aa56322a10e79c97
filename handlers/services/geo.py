"""Distances, and how to say them: never more exactly than we know them."""

from math import ceil, floor

from db.reference.distance import haversine_km

KM_PER_MILE = 1.609344
SMALL_ERROR = 0.25  # an error up to this share of the distance is what "about" means

__all__ = ["distance_words", "haversine_km", "miles"]


def miles(km: float) -> float:
    """Kilometres as miles."""
    return km / KM_PER_MILE


def distance_words(km: float, error_km: float) -> str:
    """A distance in words, in miles: "about 2 miles away", "somewhere between 1 and 4 miles away".

    `error_km` is how wrong the distance may be either way: the sum of the error radii of both
    ends. Plain letters only, so that the words fit in any SMS.
    """
    distance, error = miles(km), miles(error_km)
    low, high = max(0.0, distance - error), distance + error
    if high < 0.5:
        return "less than half a mile away"
    if error <= max(SMALL_ERROR * distance, 0.25):
        return f"about {_rounded(distance)} away"
    least, most = floor(low), ceil(high)
    if least == 0:
        return "less than a mile away" if most == 1 else f"less than {most} miles away"
    return f"somewhere between {least} and {most} miles away"


def _rounded(distance: float) -> str:
    if distance < 0.75:
        return "half a mile"
    if distance < 1.5:
        return "1 mile"
    step = 1 if distance < 20 else 5
    return f"{floor(distance / step + 0.5) * step} miles"
