"""TLS at both ends, as proto/README.md has it."""

import ssl

PROTOCOL = "baedal/1"


def serving(certificate, key, authorities):
    """What a server shows; callers may show a certificate of one of these authorities."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authorities)
    context.verify_mode = ssl.CERT_OPTIONAL
    return _with(context, certificate, key)


def calling(certificate, key, authorities):
    """Whom a client trusts, and what it shows to a server that asks."""
    return _with(ssl.create_default_context(cafile=authorities), certificate, key)


def names(certificate, name):
    """Whether a verified certificate, as `ssl` gives it, is that node's."""
    if not certificate:
        return False
    subject = [value for part in certificate.get("subject", ()) for kind, value in part
               if kind == "commonName"]
    others = [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"]
    return name.lower() in (known.lower() for known in subject + others)


def _with(context, certificate, key):
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols([PROTOCOL])
    context.load_cert_chain(certificate, key)
    return context
