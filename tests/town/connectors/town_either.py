"""A made-up site that opens with a key, or with the name and the password of an account."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from pydantic import Field, SecretStr, model_validator

from monitor.connector import Auth, Connector, ConnectorConfig, Limits, Page, Request, Response, Since
from monitor.connector.auth import Basic, HeaderKey


class EitherConfig(ConnectorConfig):
    """Settings of one account."""

    user: str | None = Field(None, description="the name of the account")
    password: SecretStr | None = Field(None, description="of the account")
    key: SecretStr | None = Field(None, description="instead of an account")
    note: str | None = None

    @model_validator(mode="after")
    def _opens(self) -> EitherConfig:
        if self.key is None and self.password is None:
            raise ValueError("give the `password` of your account, or a `key`")
        if self.password is not None and self.user is None:
            raise ValueError("a `password` needs the `user` it belongs to")
        return self


class TownEither(Connector[EitherConfig]):
    """Read nothing, behind a door."""

    Config = EitherConfig
    hosts = ("keys.town.example",)
    limits = Limits(gap=timedelta(0))
    sees = "Nothing."
    steps = ("Make an account.",)

    def start(self, since: Since) -> Iterable[Request]:
        """Ask for the one page."""
        yield Request("https://keys.town.example/keys/reviews")

    def parse(self, response: Response) -> Page:
        """Find nothing in it."""
        return Page.read([], lambda item: None)

    def auth(self) -> Auth:
        """Return the access there is."""
        config = self.config
        if config.key is not None:
            return HeaderKey(config.key)
        return Basic(config.user or "", config.password or SecretStr(""))
