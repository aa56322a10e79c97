"""Open data shipped with the code: postcodes, districts and places, with their licences."""


def attributions() -> tuple[str, ...]:
    """The words that the licences of the shipped data ask us to show; see LICENCES.md."""
    return (
        "Contains OS data © Crown copyright and database right 2025.",
        "Contains Royal Mail data © Royal Mail copyright and database right 2025.",
        "Contains National Statistics data © Crown copyright and database right 2025.",
        "Source: Office for National Statistics licensed under the Open Government Licence v.3.0.",
        "Place data © GeoNames (geonames.org), CC BY 4.0, modified.",
    )
