"""Twilio's own OpenAPI file, asked about each request and each answer (about 11 ms a check)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from starlette.requests import Request
from starlette.responses import Response

FILE = Path(__file__).parent / "contracts" / "twilio_messages_openapi.json"


@dataclass
class Asked:
    """A request as openapi-core wants it, moved to the host that the contract is written for."""

    path: str
    method: str
    body: bytes
    content_type: str
    parameters: RequestParameters = field(default_factory=RequestParameters)
    host_url: str = "https://api.twilio.com"


@dataclass
class Answered:
    status_code: int
    data: bytes
    headers: dict[str, str]
    content_type: str = "application/json"


@cache
def _openapi() -> OpenAPI:
    return OpenAPI.from_dict(json.loads(FILE.read_text()))


def violation(request: Request, body: bytes, response: Response) -> str:
    """How this exchange breaks the contract, or nothing. Refusals are not part of it."""
    if response.status_code >= 400:
        return ""
    asked = Asked(
        request.url.path,
        request.method.lower(),
        body,
        request.headers.get("Content-Type", ""),
        RequestParameters(
            query=request.query_params, header=request.headers, cookie=request.cookies
        ),
    )
    answered = Answered(response.status_code, bytes(response.body), dict(response.headers))
    try:
        _openapi().validate_request(asked)
        _openapi().validate_response(asked, answered)
    except OpenAPIError as broken:
        return f"{broken}: {broken.__cause__ or ''}"[:500]
    return ""
