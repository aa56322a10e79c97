"""Distances, and how to say them: never more exactly than we know them."""

from math import ceil, floor

from content.library import Saying, saying
from db.reference.distance import haversine_km

KM_PER_MILE = 1.609344
SMALL_ERROR = 0.25  # an error up to this share of the distance is what "about" means

__all__ = ["distance_words", "haversine_km", "miles"]


def miles(km: float) -> float:
    """Kilometres as miles."""
    return km / KM_PER_MILE


def distance_words(km: float, error_km: float) -> Saying:
    """A distance in words, in miles: "about 2 miles away", "somewhere between 1 and 4 miles away".

    `error_km` is how wrong the distance may be either way: the sum of the error radii of both
    ends.
    """
    distance, error = miles(km), miles(error_km)
    low, high = max(0.0, distance - error), distance + error
    if high < 0.5:
        return saying("saying.under_half_mile")
    if error <= max(SMALL_ERROR * distance, 0.25):
        return _about(distance)
    least, most = floor(low), ceil(high)
    if least == 0:
        return saying("saying.under_miles", n=most) if most > 1 else saying("saying.under_mile")
    return saying("saying.between_miles", least=least, most=most)


def _about(distance: float) -> Saying:
    if distance < 0.75:
        return saying("saying.about_half_mile")
    step = 1 if distance < 20 else 5
    return saying("saying.about_miles", n=max(1, floor(distance / step + 0.5) * step))
