"""Which addresses we may connect to."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emberwatch.core.read.address import may_connect, unwrap

LOOPBACK = (ip_network("127.0.0.1/32"),)


@pytest.mark.parametrize(
    "text", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"]
)
def test_public_addresses_are_open(text: str) -> None:
    assert may_connect(ip_address(text), ())


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.5.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.2",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2001:0:7f00:1::1",
        "fe80::1",
        "fe80::1%1",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "4000::1",
    ],
)
def test_everything_that_is_not_public_is_closed(text: str) -> None:
    assert not may_connect(ip_address(text), ())


def test_a_private_network_is_open_when_it_is_allowed_by_name() -> None:
    assert may_connect(ip_address("10.1.2.3"), (ip_network("10.1.0.0/16"),))
    assert not may_connect(ip_address("10.2.0.1"), (ip_network("10.1.0.0/16"),))
    assert may_connect(ip_address("::1"), (ip_network("::1/128"),))


def test_what_is_allowed_does_not_reach_its_neighbours() -> None:
    assert may_connect(ip_address("::ffff:127.0.0.1"), LOOPBACK)
    assert not may_connect(ip_address("127.0.0.2"), LOOPBACK)


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2002:a00:1::", "10.0.0.1"),
        ("64:ff9b::a00:1", "10.0.0.1"),
        ("::a00:1", "10.0.0.1"),
        ("::1", "::1"),
        ("2606::1", "2606::1"),
        ("10.0.0.1", "10.0.0.1"),
    ],
)
def test_an_embedded_address_is_found(outer: str, inner: str) -> None:
    assert unwrap(ip_address(outer)) == ip_address(inner)


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_no_wrapping_opens_a_closed_address(address: object) -> None:
    plain = ip_address(str(address))
    for prefix in ("::ffff:", "64:ff9b::"):
        assert may_connect(ip_address(f"{prefix}{plain}"), ()) == may_connect(plain, ())
