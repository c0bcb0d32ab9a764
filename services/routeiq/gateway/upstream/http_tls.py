"""TLS towards upstreams: 1.2 at least, the system's certificate authorities, HTTP/1.1 by ALPN."""

from __future__ import annotations

import ssl
from functools import cache

_WRONG_NAME = {62, 64}
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and _IP_ADDRESS_MISMATCH, whose texts repeat the name."""


@cache
def system_tls() -> ssl.SSLContext:
    """Made once, at the first call over TLS: reading the authorities takes tens of milliseconds."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def certificate_problem(label: str, error: ssl.SSLCertVerificationError) -> str:
    """Names the group and OpenSSL's reason, never the address."""
    reason = "it is for another name" if error.verify_code in _WRONG_NAME else error.verify_message
    return f"The certificate of `{label}` is not trusted ({reason})."
