"""Ordnance Survey grid references to latitude and longitude, without a projection library.

The formulae and constants are those of "A guide to coordinate systems in Great Britain"
(Ordnance Survey, annexes B and C, section 6.6). The seven-parameter Helmert shift is good to about
5 m, which is less than a postcode is wide.
"""

from math import atan2, cos, degrees, radians, sin, sqrt, tan

_AIRY_A, _AIRY_B = 6377563.396, 6356256.909
_AIRY_E2 = 1 - (_AIRY_B / _AIRY_A) ** 2
_WGS_A, _WGS_B = 6378137.0, 6356752.3142
_WGS_E2 = 1 - (_WGS_B / _WGS_A) ** 2
_SCALE = 0.9996012717
_LAT0, _LON0 = radians(49), radians(-2)
_EAST0, _NORTH0 = 400000.0, -100000.0
_N = (_AIRY_A - _AIRY_B) / (_AIRY_A + _AIRY_B)

# OSGB36 to WGS84: metres, parts, radians.
_TX, _TY, _TZ = 446.448, -125.157, 542.060
_S = 1 - 20.4894e-6
_RX, _RY, _RZ = (radians(seconds / 3600) for seconds in (0.1502, 0.2470, 0.8421))


def grid_to_wgs84(easting: float, northing: float) -> tuple[float, float]:
    """(latitude, longitude) in WGS84 degrees of a National Grid position in metres."""
    return _to_wgs84(*_to_airy(easting, northing))


def _meridian(lat: float) -> float:
    """Metres along the central meridian from the true origin (annex C, equation C3)."""
    n, low, high = _N, lat - _LAT0, lat + _LAT0
    return (
        _AIRY_B
        * _SCALE
        * (
            (1 + n + 1.25 * n**2 + 1.25 * n**3) * low
            - (3 * n + 3 * n**2 + 2.625 * n**3) * sin(low) * cos(high)
            + (1.875 * n**2 + 1.875 * n**3) * sin(2 * low) * cos(2 * high)
            - 35 / 24 * n**3 * sin(3 * low) * cos(3 * high)
        )
    )


def _to_airy(easting: float, northing: float) -> tuple[float, float]:
    """Latitude and longitude in radians on the Airy 1830 ellipsoid (annex C.2)."""
    lat = _LAT0 + (northing - _NORTH0) / (_AIRY_A * _SCALE)
    while abs(rest := northing - _NORTH0 - _meridian(lat)) >= 1e-5:
        lat += rest / (_AIRY_A * _SCALE)
    curve = 1 - _AIRY_E2 * sin(lat) ** 2
    nu = _AIRY_A * _SCALE / sqrt(curve)
    rho = nu * (1 - _AIRY_E2) / curve
    eta2 = nu / rho - 1
    t, sec, d = tan(lat), 1 / cos(lat), easting - _EAST0
    t2 = t * t
    lat -= t / (2 * rho * nu) * d**2
    lat += t / (24 * rho * nu**3) * (5 + 3 * t2 + eta2 - 9 * t2 * eta2) * d**4
    lat -= t / (720 * rho * nu**5) * (61 + 90 * t2 + 45 * t2**2) * d**6
    lon = _LON0 + sec / nu * d
    lon -= sec / (6 * nu**3) * (nu / rho + 2 * t2) * d**3
    lon += sec / (120 * nu**5) * (5 + 28 * t2 + 24 * t2**2) * d**5
    lon -= sec / (5040 * nu**7) * (61 + 662 * t2 + 1320 * t2**2 + 720 * t2**3) * d**7
    return lat, lon


def _to_wgs84(lat: float, lon: float) -> tuple[float, float]:
    """Airy radians to WGS84 degrees: to Cartesian, the Helmert shift, and back (annex B)."""
    nu = _AIRY_A / sqrt(1 - _AIRY_E2 * sin(lat) ** 2)
    x, y = nu * cos(lat) * cos(lon), nu * cos(lat) * sin(lon)
    z = nu * (1 - _AIRY_E2) * sin(lat)
    wx = _TX + _S * x - _RZ * y + _RY * z
    wy = _TY + _RZ * x + _S * y - _RX * z
    wz = _TZ - _RY * x + _RX * y + _S * z
    p = sqrt(wx * wx + wy * wy)
    lat = atan2(wz, p * (1 - _WGS_E2))
    for _ in range(4):  # converges to under a micrometre
        nu = _WGS_A / sqrt(1 - _WGS_E2 * sin(lat) ** 2)
        lat = atan2(wz + _WGS_E2 * nu * sin(lat), p)
    return degrees(lat), degrees(atan2(wy, wx))
