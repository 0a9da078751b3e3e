"""Access to the log: by token, by the cookie of a login, or through a trusted proxy."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from infra import clock
from infra.web_access import is_loopback

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Self

    from aiohttp import web

    from infra.settings import Settings

COOKIE = "egolog"
COOKIE_S = 30 * 86_400


@dataclass(frozen=True)
class Access:
    """The access rules of a server; without any, everybody who reaches it has access.

    hosts: allowed host names, besides loopback's own on a loopback connection. Without any, a
    connection from elsewhere may name any host.
    proxies: networks of proxies that authenticate their users.
    """

    token: str | None = field(default=None, repr=False)
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    hosts: Collection[str] = ()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the rules of the settings."""
        token = settings.web_token
        return cls(
            None if token is None else token.get_secret_value(),
            tuple(ip_network(part) for part in parts(settings.web_trusted_proxy)),
            tuple(name.lower() for name in parts(settings.web_hosts)),
        )

    def serves(self, request: web.Request) -> bool:
        """Return whether the request's host is allowed.

        On loopback only its own names are, because another site could let its name point there (DNS
        rebinding). A program that shows the token may use any, such as the address of a pod that
        Prometheus asks: a site does not know the token, and a login's cookie is bound to its host.
        """
        host = host_name(request)
        if host in self.hosts or self._bears_token(request):
            return True
        return is_loopback(host) if _on_loopback(request) else not self.hosts

    def admits(self, request: web.Request) -> bool:
        """Return whether the request is authenticated."""
        if self._through_proxy(request):
            return True
        if self.token is None:
            return not self.proxies
        return self._bears_token(request) or self._is_cookie(request.cookies.get(COOKIE, ""))

    def is_token(self, given: str) -> bool:
        """Return whether `given` is the token, in constant time."""
        return self.token is not None and _same(given, self.token)

    def cookie(self) -> str:
        """Return the value of a browser's cookie with its expiry; it does not reveal the token."""
        until = f"{int(clock.now_s()) + COOKIE_S}"
        return f"{until}.{self._signature(until)}"

    def is_https(self, request: web.Request) -> bool:
        """Return whether the browser's own connection is encrypted, as far as is known."""
        forwarded = request.headers.get("X-Forwarded-Proto", "").lower() == "https"
        return request.secure or (forwarded and self._through_proxy(request))

    def _bears_token(self, request: web.Request) -> bool:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        return kind.lower() == "bearer" and self.is_token(given.strip())

    def _is_cookie(self, given: str) -> bool:
        until, _, signature = given.partition(".")
        if not _same(signature, self._signature(until)):
            return False
        return int(until) > clock.now_s()

    def _signature(self, until: str) -> str:
        key = sha256(b"egolog page " + (self.token or "").encode()).digest()
        return hmac.new(key, until.encode(errors="surrogateescape"), sha256).hexdigest()

    def _through_proxy(self, request: web.Request) -> bool:
        peer = request.transport.get_extra_info("peername") if request.transport else None
        if not isinstance(peer, tuple):
            return False
        address = ip_address(str(peer[0]).partition("%")[0])
        # As an IPv6 address it would match no IPv4 network.
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self.proxies)


def parts(value: str | None) -> list[str]:
    """Return the comma-separated parts of a setting."""
    return [part.strip() for part in (value or "").split(",") if part.strip()]


def host_name(request: web.Request) -> str:
    """Return the request's host in lower case, without the port."""
    host = request.headers.get("Host", "").strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _same(given: str, right: str) -> bool:
    # A header's bytes may not be text.
    return hmac.compare_digest(given.encode(errors="surrogateescape"), right.encode())


def _on_loopback(request: web.Request) -> bool:
    address = request.transport.get_extra_info("sockname") if request.transport else None
    return isinstance(address, tuple) and is_loopback(str(address[0]))
