"""Which network addresses we may connect to."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]

GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that is given out so far; Python calls much of the unassigned rest global too."""
CARRIERS = (
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64, RFC 6052
    (IPv6Network("64:ff9b:1::/48"), 0),  # NAT64 of one's own, RFC 8215
    (IPv6Network("::/96"), 0),  # IPv4-compatible, deprecated by RFC 4291
    (IPv6Network("2002::/16"), 80),  # 6to4, RFC 3056
)
"""Where an IPv4 address rides in an IPv6 one, and how many bits stand to its right."""
NOT_CARRYING = (IPv6Address("::"), IPv6Address("::1"))


def unwrap(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one carries (mapped, 6to4, NAT64), or itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in NOT_CARRYING:
        return address
    for network, shift in CARRIERS:
        if address in network:
            return IPv4Address((int(address) >> shift) & 0xFFFFFFFF)
    return address


def may_connect(address: Address, allow: Networks) -> bool:
    """Tell whether an address is public, or lies in a network that is allowed by name."""
    real = unwrap(address)
    if any(real in network for network in allow):
        return True
    if isinstance(real, IPv6Address) and real not in GLOBAL_UNICAST:
        return False
    return real.is_global and not real.is_multicast
