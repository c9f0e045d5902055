"""Which network addresses may be fetched from: those of the public Internet, and no other.

An allow-list for IPv6 (2000::/3 less its exceptions), and IANA's special-purpose registries for IPv4, written out here
because `ipaddress.is_global` differs between patch releases of Python.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# https://www.iana.org/assignments/iana-ipv4-special-registry, and multicast, and the address of one cloud's
# instance metadata that lies in public space (168.63.129.16, Azure).
_CLOSED_V4 = tuple(
    IPv4Network(net)
    for net in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
_OPEN_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    IPv6Network(net)
    for net in (
        "2001::/23",  # IETF protocol assignments, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4 carries any IPv4 address inside
        "3fff::/20",
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Say whether `address` (a literal, as a resolver gives it) is one of the public Internet.

    An IPv4 address inside an IPv6 one is judged as what it is: mapped (::ffff:0:0/96) and NAT64 (64:ff9b::/96).
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        if parsed.scope_id is not None:
            return False
        inside = parsed.ipv4_mapped
        if parsed in _NAT64:
            inside = IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inside is None:
            return parsed in _OPEN_V6 and not any(parsed in net for net in _CLOSED_V6)
        parsed = inside
    return not any(parsed in net for net in _CLOSED_V4)
